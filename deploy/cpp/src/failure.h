// How the inside of the library reports what the C functions return: a status and a sentence.
#pragma once

#include <stdexcept>
#include <string>

#include "pocketlens.h"

namespace pocketlens {

class Failure : public std::runtime_error {
 public:
  Failure(pl_status status, const std::string &text) : std::runtime_error(text), status_(status) {}
  pl_status status() const { return status_; }

 private:
  pl_status status_;
};

}  // namespace pocketlens
