// AddressSanitizer ends the program at an allocation that cannot be had, where the engine expects
// null and gives an error.
extern "C" const char* __asan_default_options();

extern "C" const char* __asan_default_options() {
  return "allocator_may_return_null=1";
}
