#!/usr/bin/env bash
# Installs what the tests take besides Python: of deploy/ compilers, libraries, an ARM emulator, a
# JDK, the Android resource tool; of pages a browser, and node with npm. Debian and Ubuntu, as root;
# elsewhere it says what is missing.
# Usage: scripts/install_device_tools.sh [long]      status 0 when everything is there
# With `long` also the two other browsers that `make test-long` opens the page in.
set -euo pipefail

# libjpeg-dev stands for libjpeg-turbo on both Debian and Ubuntu.
packages=(
    make g++ libjpeg-dev libpng-dev nlohmann-json3-dev doctest-dev cmake
    g++-aarch64-linux-gnu qemu-user
    default-jdk-headless aapt android-framework-res
    chromium nodejs npm
)
[ "${1:-}" != long ] || packages+=(firefox-esr webkit2gtk-driver xvfb)

installed() {
    [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# A JDK, node or npm of any other package will do.
there() {
    installed "$1" && return
    case "$1" in
        default-jdk-headless) command -v javac ;;
        nodejs) command -v node ;;
        npm) command -v npm ;;
        *) false ;;
    esac >/dev/null
}

missing() {
    local package
    for package in "${packages[@]}"; do
        there "$package" || echo "$package"
    done
}

if ! command -v dpkg-query >/dev/null; then
    echo "the device tests need what Debian calls ${packages[*]}" >&2
    exit 1
fi
mapfile -t wanted < <(missing)
[ ${#wanted[@]} -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ]; then
    echo "the device tests need: sudo apt-get install --no-install-recommends ${wanted[*]}" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing ${wanted[*]}"
apt-get update -qq || echo "warning: the package lists are old" >&2
install=(apt-get install -y -qq --no-install-recommends)
"${install[@]}" "${wanted[@]}" && exit 0
# One that cannot be had must not keep the others away.
for package in "${wanted[@]}"; do
    "${install[@]}" "$package" || true
done
mapfile -t wanted < <(missing)
[ ${#wanted[@]} -eq 0 ] || {
    echo "could not be installed: ${wanted[*]}" >&2
    exit 1
}
