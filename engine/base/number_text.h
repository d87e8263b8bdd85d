// Numbers in messages.
#pragma once

#include <string>

namespace nanoinfer {

// The shortest decimal text that reads as the same number; "NaN", "infinity", "-infinity".
std::string number_text(float value);
std::string number_text(double value);

}  // namespace nanoinfer
