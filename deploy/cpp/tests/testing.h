// What several tests share.
#pragma once

#include <string>

#include "sha256.h"

// A small valid spec.json whose one file is the three bytes "abc".
inline std::string small_spec() {
  return R"({
    "format": 2, "classes": ["cat", "dog"],
    "labels": [{"en": "Cat", "zh": "猫", "group": {"en": "Animal", "zh": "动物"}}, {}],
    "input": {"size": [4, 6], "mean": [110, 120.5, 0], "std": [1, 1.5, 2],
      "resize": {"rule": "shorter_side", "size": [8, 8], "interpolation": "lanczos",
                 "antialias": true},
      "crop": {"rule": "center", "size": [4, 6]}, "color": "RGB", "layout": "NCHW"},
    "output": "logits", "model": {},
    "calibration": {"split": "val", "n": 127, "sha256": "00", "temperature": 0.5,
      "model_temperature": 1, "precision": 0.98, "threshold": 0.75,
      "points": [{"score": 0, "answered": 127, "right": 120}]},
    "files": [{"name": "m.ms", "bytes": 3, "sha256": ")" +
         pocketlens::sha256_hex("abc", 3) + R"(", "layout": "NHWC"}]})";
}
