// What a test's action complains about.
#pragma once

#include <string>

#include "base/error.h"

namespace weft::test {

// The message of the Error that the action throws, or "no error".
template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace weft::test
