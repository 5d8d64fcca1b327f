// What both programs share.
#pragma once

#include <string>
#include <utility>
#include <vector>

// The words of a command line, told apart: options with a value, flags, and the rest.
class Arguments {
 public:
  // Ends the program with `usage` on --help, and with status 2 on a wrong option.
  Arguments(int argc, char **argv, const std::string &usage, std::vector<std::string> with_value,
            std::vector<std::string> flags);

  bool has(const std::string &option) const;
  std::string value(const std::string &option, const std::string &otherwise) const;
  // Whole numbers of min..max, separated by commas.
  std::vector<int> numbers(const std::string &option, const std::string &otherwise, int min,
                           int max) const;
  // --threads: 1..64. Without it 2, or fewer where OMP_NUM_THREADS says so or the process may not
  // run on as many processors.
  int threads() const;
  const std::vector<std::string> &rest() const { return rest_; }

  [[noreturn]] void wrong(const std::string &text) const;

 private:
  std::string usage_;
  std::vector<std::pair<std::string, std::string>> given_;
  std::vector<std::string> rest_;
};

// The runtime warns of optional libraries on every start. This shows its errors only, unless the
// user has set GLOG_v; as the runtime reads that while it is loaded, the program begins again.
void quiet_runtime(char **argv);
