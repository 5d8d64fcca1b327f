#include "photos.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

namespace {

constexpr uint64_t kMaxBytes = uint64_t{1} << 30;
constexpr size_t kNamed = 8;  // files that a message names

// The formats that are not read here, such as WebP and HEIC, are photos all the same: an error
// line says which have no label.
const char *const kSuffixes[] = {".apng", ".avif", ".avifs", ".bmp", ".dib",  ".gif",  ".heic",
                                 ".heif", ".hif",  ".jfif",  ".jif", ".jpe",  ".jpeg", ".jpg",
                                 ".mpo",  ".pbm",  ".pgm",   ".png", ".pnm",  ".ppm",  ".tif",
                                 ".tiff", ".webp"};
const char *const kRubbish[] = {"#recycle",
                                "#snapshot",
                                "$recycle.bin",
                                "@__thumb",
                                "@eadir",
                                "@recently-snapshot",
                                "@recycle",
                                "@tmp",
                                "__macosx",
                                "__pycache__",
                                "cvs",
                                "desktop.ini",
                                "ehthumbs.db",
                                "ehthumbs_vista.db",
                                "found.000",
                                "icon\r",
                                "ipod photo cache",
                                "lost+found",
                                "lost.dir",
                                "network trash folder",
                                "node_modules",
                                "picasa.ini",
                                "system volume information",
                                "temporary items",
                                "thumbs.db",
                                "thumbs.db:encryptable",
                                "zbthumbnail.info",
                                "~snapshot"};
const char *const kRubbishEnds[] = {":zone.identifier", "@synoeastream", "@synoresource"};
const char *const kRubbishMarks[] = {"pyvenv.cfg", "CACHEDIR.TAG"};
const char kCloud[] = ".icloud";

bool ends_with(const std::string &text, const std::string &end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::string lower(std::string text) {
  for (char &c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool is_photo(const std::string &name) {
  const size_t dot = name.find_last_of('.');
  if (dot == std::string::npos) return false;
  const std::string suffix = lower(name.substr(dot));
  return std::find(std::begin(kSuffixes), std::end(kSuffixes), suffix) != std::end(kSuffixes);
}

bool is_rubbish(const std::string &name) {
  if (name[0] == '.' || name.compare(0, 2, "~$") == 0) return !ends_with(name, kCloud);
  const std::string low = lower(name);
  return std::find(std::begin(kRubbish), std::end(kRubbish), low) != std::end(kRubbish) ||
         std::any_of(std::begin(kRubbishEnds), std::end(kRubbishEnds),
                     [&](const char *end) { return ends_with(low, end); });
}

bool is_file(const std::string &path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode);
}

// A file in it says that no person put the folder there.
bool is_marked(const std::string &folder) {
  return std::any_of(std::begin(kRubbishMarks), std::end(kRubbishMarks),
                     [&](const char *mark) { return is_file(folder + "/" + mark); });
}

class Folder {
 public:
  explicit Folder(const std::string &path) : path_(path) {}

  PhotoList list() {
    enter(path_);
    say("other files, not used", others_);
    say("links to folders, not entered", links_);
    if (found_.photos.empty() && found_.errors.empty()) {
      found_.errors.push_back(path_ + " is a folder without photos");
    }
    return found_;
  }

 private:
  void enter(const std::string &folder) {
    std::vector<std::string> names;
    DIR *const stream = opendir(folder.c_str());
    int fault = stream == nullptr ? errno : 0;
    while (stream != nullptr) {
      errno = 0;
      const dirent *const entry = readdir(stream);
      if (entry == nullptr) {
        fault = errno;
        break;
      }
      names.emplace_back(entry->d_name);
    }
    if (stream != nullptr) closedir(stream);
    if (fault != 0) found_.errors.push_back(folder + " cannot be listed: " + std::strerror(fault));
    std::sort(names.begin(), names.end());
    for (const std::string &name : names) {
      if (name == "." || name == ".." || is_rubbish(name)) continue;
      take(folder + (ends_with(folder, "/") ? "" : "/") + name, name);
    }
  }

  void take(const std::string &path, const std::string &name) {
    struct stat itself {}, target {};
    if (lstat(path.c_str(), &itself) != 0 || stat(path.c_str(), &target) != 0) {
      others_.push_back(path);  // a link to nothing
    } else if (S_ISDIR(target.st_mode)) {
      if (is_marked(path)) return;
      // a link may lead back to where it lies
      S_ISLNK(itself.st_mode) ? links_.push_back(path) : enter(path);
    } else if (S_ISREG(target.st_mode) && is_photo(name)) {
      found_.photos.push_back(path);
    } else {
      others_.push_back(path);
    }
  }

  void say(const char *what, const std::vector<std::string> &paths) const {
    if (paths.empty()) return;
    std::string names;
    for (size_t i = 0; i < std::min(paths.size(), kNamed); i++) {
      names += (i == 0 ? "" : ", ") + paths[i].substr(path_.size() + !ends_with(path_, "/"));
    }
    if (paths.size() > kNamed) names += " and " + std::to_string(paths.size() - kNamed) + " more";
    std::fprintf(stderr, "%s: %s: %zu (%s)\n", path_.c_str(), what, paths.size(), names.c_str());
  }

  std::string path_;
  PhotoList found_;
  std::vector<std::string> others_, links_;
};

}  // namespace

PhotoList list_photos(const std::vector<std::string> &paths) {
  PhotoList all;
  for (const std::string &path : paths) {
    struct stat about {};
    if (stat(path.c_str(), &about) != 0 || !S_ISDIR(about.st_mode)) {
      all.photos.push_back(path);
      continue;
    }
    const PhotoList below = Folder(path).list();
    all.photos.insert(all.photos.end(), below.photos.begin(), below.photos.end());
    all.errors.insert(all.errors.end(), below.errors.begin(), below.errors.end());
  }
  return all;
}

std::string read_photo(const std::string &path, std::vector<uint8_t> *bytes) {
  const std::string unusable = path + " is missing, empty or cannot be read";
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return unusable;
  struct stat about {};
  std::string problem;
  size_t done = 0;
  if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
    problem = path + " must be a file, but is a folder, pipe or device";
  } else if (static_cast<uint64_t>(about.st_size) > kMaxBytes) {
    problem = path + " has more than 1 GB";
  } else {
    try {
      bytes->resize(static_cast<size_t>(about.st_size));
      for (ssize_t got = 1; got > 0 && done < bytes->size();) {
        got = read(file, bytes->data() + done, bytes->size() - done);
        if (got > 0) done += static_cast<size_t>(got);
      }
    } catch (const std::bad_alloc &) {
      problem = path + ": out of memory";
    }
    if (problem.empty() && (done == 0 || done < bytes->size())) problem = unusable;
  }
  close(file);
  return problem;
}
