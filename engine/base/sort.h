// Sorting where it happens once and the file that a browser fetches should stay small.
#pragma once

#include <algorithm>

namespace nanoinfer {

// As std::sort, by a heap: a fifth of its code, which is compiled anew for every order. `less` must
// tell any two elements apart, since equal ones may change places.
template <typename Iterator, typename Less>
void sort_in_little_code(Iterator begin, Iterator end, const Less& less) {
  std::make_heap(begin, end, less);
  std::sort_heap(begin, end, less);
}

}  // namespace nanoinfer
