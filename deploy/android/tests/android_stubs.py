"""Java declarations of Android's classes, for compiling the app where there is no Android SDK.

The signatures come from the package chaquopy-stubs-android, which was generated from API level 36
for Python's type checkers. Only what the given sources name is declared. So javac sees whether a
class, method or field exists and takes what it is given; it does not see ``protected``, abstract
methods, deprecation, whether a returned number is int or long, nor the API level of a method.
"""

import ast
import re
from pathlib import Path

PRIMITIVES = {
    f"j{name}": name
    for name in ("int", "long", "short", "byte", "char", "float", "double", "boolean")
}
PYTHON = {"int": "int", "float": "float", "bool": "boolean", "str": "String", "None": "void"}
KEPT_BASES = ("Exception", "Error", "Enum", "Closeable")  # of those in java.*
OBJECT = {"equals", "hashCode", "toString", "compareTo"}
IO = "java.io.IOException"
NOT_FOUND = "java.io.FileNotFoundException"
# Checked exceptions are not in the Python stubs; these are of the methods that the app calls.
THROWS = {
    ("android.content.ContentProvider", "openFile"): NOT_FOUND,
    ("android.content.ContentResolver", "openInputStream"): NOT_FOUND,
    ("android.content.res.AssetFileDescriptor", "close"): IO,
    ("android.content.res.AssetManager", "open"): IO,
    ("android.content.res.AssetManager", "openFd"): IO,
    ("android.media.ExifInterface", "__init__"): IO,
    ("android.os.ParcelFileDescriptor", "open"): NOT_FOUND,
}


class UnknownTypeError(Exception):
    """A type that is neither Java's own nor in the stubs."""


class Stubs:
    """The unpacked package, and what of it the sources need."""

    def __init__(self, root: Path, sources: list[Path]) -> None:
        self.root = root
        self.modules: dict[str, dict[str, ast.ClassDef]] = {}
        text = "\n".join(s.read_text(encoding="utf-8") for s in sources)
        self.names = set(re.findall(r"\w+", text))
        self.wanted: set[str] = set()
        self.queue = sorted(set(re.findall(r"^import (android\.[\w.]+);", text, re.MULTILINE)))

    def module(self, package: str) -> dict[str, ast.ClassDef]:
        """All classes of a package by their name inside it, such as "View.OnClickListener"."""
        if package not in self.modules:
            first, *rest = package.split(".")
            path = self.root.joinpath(f"{first}-stubs", *rest, "__init__.pyi")
            found: dict[str, ast.ClassDef] = {}
            if path.is_file():
                _collect(ast.parse(path.read_text(encoding="utf-8")).body, "", found)
            self.modules[package] = found
        return self.modules[package]

    def split(self, name: str) -> tuple[str, str]:
        """Package and class of a dotted name."""
        parts = name.split(".")
        for at in range(len(parts) - 1, 0, -1):
            package, inner = ".".join(parts[:at]), ".".join(parts[at:])
            if inner in self.module(package):
                return package, inner
        raise UnknownTypeError(name)

    def type_name(self, node: ast.expr, package: str) -> str:
        """The Java type of an annotation, without type arguments."""
        if isinstance(node, ast.BinOp):  # "int | java.jint | java.lang.Integer", "Bitmap | None"
            options = _options(node)
            exact = [o for o in options if ast.unparse(o).startswith("java.j")]
            chosen = exact or [o for o in options if ast.unparse(o) != "None"]
            return self.type_name(chosen[0], package)
        if isinstance(node, ast.Subscript):
            if ast.unparse(node.value) == "java.chaquopy.JavaArray":
                return self.type_name(node.slice, package) + "[]"
            return self.type_name(node.value, package)
        text = ast.unparse(node)
        if text in PYTHON:
            return PYTHON[text]
        if text.startswith("java.chaquopy.JavaArrayJ"):
            return PRIMITIVES["j" + text.removeprefix("java.chaquopy.JavaArrayJ").lower()] + "[]"
        if text.startswith("java.j"):
            return PRIMITIVES[text.removeprefix("java.")]
        if text.startswith(("java.", "javax.")):
            return text
        full = f"{package}.{text}" if text in self.module(package) else text
        if not full.startswith("android."):
            raise UnknownTypeError(full)
        self.split(full)
        return full

    def need(self, name: str) -> None:
        """Declares this class too, and the one that it lies in."""
        if name.startswith("android.") and name.removesuffix("[]") not in self.wanted:
            self.queue.append(name.removesuffix("[]"))

    def write(self, folder: Path) -> int:
        """Writes the declarations below ``folder``; returns the number of classes."""
        bodies: dict[str, list[str]] = {}
        while self.queue:
            name = self.queue.pop()
            if name in self.wanted:
                continue
            self.wanted.add(name)
            package, inner = self.split(name)
            if "." in inner:
                self.need(f"{package}.{inner.rpartition('.')[0]}")
            bodies[name] = self.members(package, inner)
        for name in [n for n in bodies if "." not in self.split(n)[1]]:
            package, inner = self.split(name)
            path = folder.joinpath(*package.split("."), f"{inner}.java")
            path.parent.mkdir(parents=True, exist_ok=True)
            text = self.declaration(package, inner, bodies, "")
            path.write_text(f"package {package};\n{text}", encoding="utf-8")
        return len(bodies)

    def bases(self, package: str, node: ast.ClassDef) -> list[str]:
        """What a class extends or implements, as far as it is known."""
        kept = []
        for base in node.bases:
            try:
                name = self.type_name(base, package)
            except UnknownTypeError:
                continue
            if name.endswith(KEPT_BASES) if name.startswith("java.") else not self.is_lambda(name):
                kept.append(name)
        return kept

    def is_lambda(self, name: str) -> bool:
        """True for interfaces of one method: only these are declared with an abstract one."""
        package, inner = self.split(name)
        body = self.module(package)[inner].body
        return self.is_interface(name) and sum(isinstance(m, ast.FunctionDef) for m in body) == 1

    def is_interface(self, name: str) -> bool:
        """True for classes without a constructor and a superclass: near enough for a compiler."""
        if name.startswith("java."):
            return name.endswith("Closeable")
        package, inner = self.split(name)
        node = self.module(package)[inner]
        made = any(isinstance(m, ast.FunctionDef) and m.name == "__init__" for m in node.body)
        return not made and all(self.is_interface(b) for b in self.bases(package, node))

    def members(self, package: str, inner: str) -> list[str]:
        """Fields and methods that the sources may mean, as lines of Java."""
        node = self.module(package)[inner]
        name = f"{package}.{inner}"
        for base in self.bases(package, node):
            self.need(base)
        for member in node.body:
            if isinstance(member, ast.ClassDef) and member.name in self.names:
                self.need(f"{name}.{member.name}")
        lines = []
        for number, member in enumerate(node.body):
            try:
                if isinstance(member, ast.AnnAssign):
                    lines += self.field(package, name, member, number)
                elif isinstance(member, ast.FunctionDef):
                    lines += self.method(package, name, member)
            except UnknownTypeError:
                continue
        return lines

    def field(self, package: str, owner: str, node: ast.AnnAssign, number: int) -> list[str]:
        """A field; constants get different values, so that a switch compiles."""
        name = ast.unparse(node.target)
        if name not in self.names:
            return []
        static = ast.unparse(node.annotation).startswith("typing.ClassVar[")
        inner = node.annotation
        if static and isinstance(inner, ast.Subscript):
            inner = inner.slice
        kind = self.type_name(inner, package)
        self.need(kind)
        if kind == owner:
            return [f"    {name},"]  # perhaps of an enum
        if not static:
            return [f"public {kind} {name};"]
        value = {"int": str(number), "String": f'"{name}"'}.get(kind, "null")
        return [f"public static final {kind} {name} = {value};"]

    def method(self, package: str, owner: str, node: ast.FunctionDef) -> list[str]:
        """A method or constructor."""
        alone = self.is_lambda(owner)
        named = node.name in self.names or node.name == "__init__" or alone
        if not named or node.name in OBJECT:
            return []
        static = any(ast.unparse(d) == "staticmethod" for d in node.decorator_list)
        given = [*node.args.posonlyargs, *node.args.args][0 if static else 1 :]
        kinds = [self.type_name(a.annotation, package) for a in given if a.annotation]
        if node.args.vararg and node.args.vararg.annotation:
            kinds.append(self.type_name(node.args.vararg.annotation, package) + "...")
        for kind in kinds:
            self.need(kind.removesuffix("..."))
        arguments = ", ".join(f"{k} a{i}" for i, k in enumerate(kinds))
        thrown = THROWS.get((owner, node.name))
        tail = f"({arguments})" + (f" throws {thrown}" if thrown else "")
        if node.name == "__init__":
            return [f"public {owner.rpartition('.')[2]}{tail} {{}}"]
        if node.name == "findViewById":  # generic since API 26
            kind = "<T extends android.view.View> T"
        else:
            returned = self.type_name(node.returns, package) if node.returns else "void"
            self.need(returned)
            kind = returned
        if alone:
            return [f"public {kind} {node.name}{tail};"]
        how = "static" if static else "default" if self.is_interface(owner) else ""
        return [f"public {how} {kind} {node.name}{tail} {{ throw null; }}"]

    def declaration(self, package: str, inner: str, bodies: dict[str, list[str]], at: str) -> str:
        """A class with its nested classes, as Java, indented by ``at``."""
        name = f"{package}.{inner}"
        simple = inner.rpartition(".")[2]
        bases = self.bases(package, self.module(package)[inner])
        bases = [b for b in bases if b in self.wanted or b.startswith("java.")]
        # Fields of the class's own type: the values of an enum, else constants.
        own = [line.strip(" ,") for line in bodies[name] if line.endswith(",")]
        if "java.lang.Enum" in bases:
            return f"{at}public enum {simple} {{ {', '.join(own)}; }}\n"
        lines = [line for line in bodies[name] if not line.endswith(",")]
        lines += [f"public static final {name} {field} = null;" for field in own]
        is_class = not self.is_interface(name)
        if is_class and not any(line.startswith(f"public {simple}()") for line in lines):
            lines.append(f"protected {simple}() {{}}")
        kind = f"{'static ' if at else ''}{'class' if is_class else 'interface'}"
        text = f"{at}public {kind} {simple}{self.heritage(is_class, bases)} {{\n"
        text += "".join(f"{at}    {line}\n" for line in lines)
        for other in sorted(bodies):
            if other.rpartition(".")[0] == name:
                text += self.declaration(package, other[len(package) + 1 :], bodies, at + "    ")
        return text + at + "}\n"

    def heritage(self, is_class: bool, bases: list[str]) -> str:
        """The ``extends`` and ``implements`` of a declaration."""
        above = [b for b in bases if not self.is_interface(b)][:1] if is_class else bases
        promised = [b for b in bases if self.is_interface(b)] if is_class else []
        text = f" extends {', '.join(above)}" if above else ""
        return text + (f" implements {', '.join(promised)}" if promised else "")


def _collect(body: list[ast.stmt], outer: str, found: dict[str, ast.ClassDef]) -> None:
    for node in body:
        if isinstance(node, ast.ClassDef):
            found[outer + node.name] = node
            _collect(node.body, f"{outer}{node.name}.", found)


def _options(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [*_options(node.left), *_options(node.right)]
    return [node]
