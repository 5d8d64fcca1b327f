// Answers requests on standard input: how a program in another language uses the library without
// having MindSpore Lite in its own process. Python's side is src_mindspore/lite/runtime.py.
//
// All numbers are in the byte order of the machine. A request is a Request and `size` bytes; its
// answer is a Reply and `size` bytes: float32 values, or the text of the error if `status` is not
// PL_OK. Before the first request comes one reply about the model: an Opened. Standard input at
// its end ends the program.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "arguments.h"
#include "pocketlens.h"

namespace {

const char kUsage[] =
    "Runs a model for another program, by requests on standard input.\n"
    "\n"
    "  serve [options] MODEL.ms\n"
    "\n"
    "  --spec FILE   description of the model; default: spec.json beside it\n"
    "  --threads N   of the model (2; fewer by OMP_NUM_THREADS, or where fewer processors are)\n"
    "  --fp16        half precision, where the processor has it\n"
    "\n"
    "The requests are described at the top of examples/serve/serve.cc.\n"
    "Status: 0 at the end of the input; 1 if the model could not be opened, or the input is no\n"
    "request; 2 for a wrong command line.\n";

enum What : uint32_t {
  kRun = 1,            // an input tensor -> raw outputs
  kPreparePixels = 2,  // width * height * 3 bytes of RGB -> an input tensor
  kPrepareImage = 3    // the bytes of a JPEG or PNG -> an input tensor
};

struct Request {
  uint32_t what;
  uint32_t width, height, orientation;  // of kPreparePixels, otherwise 0
  uint64_t size;
};

struct Reply {
  int32_t status;  // a pl_status
  uint32_t zero;
  double ms;  // that the library worked
  uint64_t size;
};

struct Opened {
  int32_t classes, height, width, layout, probabilities;
};

constexpr uint64_t kMaxRequest = uint64_t{3} * PL_MAX_PIXELS;

bool read_all(void *to, size_t size) { return std::fread(to, 1, size, stdin) == size; }

bool answer(FILE *out, pl_status status, double ms, const void *data, size_t size) {
  const Reply reply = {status, 0, ms, size};
  return std::fwrite(&reply, sizeof reply, 1, out) == 1 &&
         std::fwrite(data, 1, size, out) == size && std::fflush(out) == 0;
}

bool answer_error(FILE *out, pl_status status, const std::string &text) {
  return answer(out, status, 0, text.data(), text.size());
}

class Server {
 public:
  Server(pl_classifier *lens, FILE *out) : lens_(lens), out_(out) {
    pl_get_info(lens, &info_);
    const auto outputs = static_cast<size_t>(info_.classes);
    result_.resize(outputs > info_.tensor_values ? outputs : info_.tensor_values);
  }

  bool greet() {
    const Opened opened = {info_.classes, info_.height, info_.width, info_.layout,
                           info_.probabilities};
    return answer(out_, PL_OK, times().load, &opened, sizeof opened);
  }

  // False when there is nobody to answer any more.
  bool serve(const Request &request, const std::vector<uint8_t> &payload) {
    if (request.what == kRun && payload.size() != info_.tensor_values * sizeof(float)) {
      return answer_error(out_, PL_BAD_ARGUMENT,
                          "an input tensor has " + std::to_string(info_.tensor_values) +
                              " float32 values; got " + std::to_string(payload.size()) + " bytes");
    }
    if (request.what == kPreparePixels &&
        payload.size() != uint64_t{3} * request.width * request.height) {
      return answer_error(out_, PL_BAD_ARGUMENT, "pixels are width x height x 3 bytes");
    }
    const size_t values = request.what == kRun ? static_cast<size_t>(info_.classes)
                                               : info_.tensor_values;
    const pl_status status = work(request, payload);
    if (status != PL_OK) return answer_error(out_, status, pl_last_error());
    const pl_times t = times();
    return answer(out_, PL_OK, t.decode + t.prepare + t.inference, result_.data(),
                  values * sizeof(float));
  }

 private:
  pl_status work(const Request &request, const std::vector<uint8_t> &payload) {
    if (request.what == kRun) {
      std::memcpy(tensor().data(), payload.data(), payload.size());
      return pl_run(lens_, tensor_.data(), tensor_.size(), result_.data(),
                    static_cast<size_t>(info_.classes));
    }
    if (request.what == kPrepareImage) {
      return pl_prepare_image(lens_, payload.data(), payload.size(), result_.data(),
                              info_.tensor_values);
    }
    const pl_pixels pixels = {payload.data(),
                              static_cast<int32_t>(request.width),
                              static_cast<int32_t>(request.height),
                              size_t{3} * request.width,
                              PL_RGB,
                              static_cast<int32_t>(request.orientation)};
    return pl_prepare_pixels(lens_, &pixels, result_.data(), info_.tensor_values);
  }

  // The payload is bytes; the library wants floats at an address where floats may be.
  std::vector<float> &tensor() {
    tensor_.resize(info_.tensor_values);
    return tensor_;
  }

  pl_times times() const {
    pl_times t{};
    pl_get_times(lens_, &t);
    return t;
  }

  pl_classifier *lens_;
  FILE *out_;
  pl_info info_{};
  std::vector<float> tensor_, result_;
};

int run(const Arguments &arguments, FILE *out) {
  pl_options options = pl_default_options();
  options.threads = arguments.threads();
  options.fp16 = arguments.has("--fp16") ? 1 : 0;
  const std::string spec = arguments.value("--spec", "");
  pl_classifier *lens = nullptr;
  const pl_status opened = pl_open(arguments.rest()[0].c_str(),
                                   spec.empty() ? nullptr : spec.c_str(), &options, &lens);
  if (opened != PL_OK) {
    answer_error(out, opened, pl_last_error());
    return 1;
  }
  Server server(lens, out);
  bool listening = server.greet();
  Request request;
  std::vector<uint8_t> payload;
  int status = 0;
  while (listening && read_all(&request, sizeof request)) {
    if (request.what < kRun || request.what > kPrepareImage || request.size > kMaxRequest) {
      std::fprintf(stderr, "standard input is no request\n");
      status = 1;
      break;
    }
    payload.resize(request.size);
    listening = read_all(payload.data(), payload.size()) && server.serve(request, payload);
  }
  pl_free(lens);
  return status;
}

}  // namespace

int main(int argc, char **argv) {
  quiet_runtime(argv);
  const Arguments arguments(argc, argv, kUsage, {"--spec", "--threads"}, {"--fp16"});
  if (arguments.rest().size() != 1) arguments.wrong("one model is needed");
  // What the runtime prints must not get between the answers.
  FILE *const out = fdopen(dup(STDOUT_FILENO), "wb");
  if (out == nullptr || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    std::perror("standard output");
    return 1;
  }
  try {
    return run(arguments, out);
  } catch (const std::bad_alloc &) {
    std::fprintf(stderr, "out of memory\n");
    return 1;
  }
}
