#include "arguments.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace {

constexpr int kMaxThreads = 64;   // of pl_options
constexpr int kUsualThreads = 2;  // pl_default_options

}  // namespace

Arguments::Arguments(int argc, char **argv, const std::string &usage,
                     std::vector<std::string> with_value, std::vector<std::string> flags)
    : usage_(usage) {
  const auto is_in = [](const std::vector<std::string> &list, const std::string &word) {
    return std::find(list.begin(), list.end(), word) != list.end();
  };
  bool options = true;  // until "--"
  for (int i = 1; i < argc; i++) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (!options || word.size() < 2 || word[0] != '-') {
      rest_.push_back(word);
    } else if (word == "--") {
      options = false;
    } else if (word == "--help" || word == "-h") {
      std::printf("%s", usage_.c_str());
      std::exit(0);
    } else if (is_in(flags, word)) {
      given_.emplace_back(word, "");
    } else if (!is_in(with_value, name)) {
      wrong("unknown option " + word);
    } else if (equals != std::string::npos) {
      given_.emplace_back(name, word.substr(equals + 1));
    } else if (i + 1 < argc) {
      given_.emplace_back(name, argv[++i]);
    } else {
      wrong(name + " needs a value");
    }
  }
}

bool Arguments::has(const std::string &option) const {
  return std::any_of(given_.begin(), given_.end(),
                     [&](const auto &pair) { return pair.first == option; });
}

std::string Arguments::value(const std::string &option, const std::string &otherwise) const {
  std::string result = otherwise;
  for (const auto &[name, text] : given_) {
    if (name == option) result = text;
  }
  return result;
}

std::vector<int> Arguments::numbers(const std::string &option, const std::string &otherwise,
                                    int min, int max) const {
  std::vector<int> result;
  std::stringstream words(value(option, otherwise));
  for (std::string word; std::getline(words, word, ',');) {
    char *end = nullptr;
    errno = 0;
    const long number = std::strtol(word.c_str(), &end, 10);
    if (word.empty() || *end != '\0' || errno != 0 || number < min || number > max) {
      wrong(option + " takes whole numbers of " + std::to_string(min) + " to " +
            std::to_string(max) + "; got " + word);
    }
    result.push_back(static_cast<int>(number));
  }
  if (result.empty()) wrong(option + " needs a number");
  return result;
}

int Arguments::threads() const {
  if (has("--threads")) return numbers("--threads", "", 1, kMaxThreads)[0];
  long allowed = kUsualThreads;
  cpu_set_t processors;
  if (sched_getaffinity(0, sizeof processors, &processors) == 0) {  // fails above 1024 of them
    allowed = std::min<long>(allowed, CPU_COUNT(&processors));
  }
  const char *const variable = std::getenv("OMP_NUM_THREADS");
  if (variable == nullptr || *variable == '\0') return static_cast<int>(allowed);
  // a list, "4,2", has the number for teams inside of teams as well
  char *end = nullptr;
  const long wanted = std::strtol(variable, &end, 10);
  while (*end == ' ') end++;
  if (end == variable || (*end != '\0' && *end != ',') || wanted < 1) {
    wrong(std::string("the variable OMP_NUM_THREADS is the number of threads: a whole number from "
                      "1 on is accepted; got ") +
          variable + "; unset it, or use --threads");
  }
  return static_cast<int>(std::min(allowed, wanted));
}

void Arguments::wrong(const std::string &text) const {
  std::fprintf(stderr, "%s\n\n%s", text.c_str(), usage_.c_str());
  std::exit(2);
}

void quiet_runtime(char **argv) {
  if (std::getenv("GLOG_v") != nullptr || setenv("GLOG_v", "3", 1) != 0) return;
  execv("/proc/self/exe", argv);  // comes back only if that is not possible: then with warnings
}
