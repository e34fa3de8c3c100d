// What a host function throws, as data: Python raises it.
//
// With some builds of torch an exception that comes through its dispatcher ends the process: they carry a C++ library of their own.
#pragma once

#include <c10/util/Exception.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

namespace kbk::extension {

// "<Python's exception>: <text>" of the last call of this thread; empty if it threw nothing.
inline std::string& thrown() {
  static thread_local std::string text;
  return text;
}

inline void keep(const char* kind, const char* text) { thrown() = std::string(kind) + ": " + text; }

// Runs it; false if it threw.
template <class F>
bool returns(F&& function) {
  thrown().clear();
  try {
    function();
    return true;
  } catch (const c10::IndexError& error) {
    keep("IndexError", error.what_without_backtrace());
  } catch (const c10::ValueError& error) {
    keep("ValueError", error.what_without_backtrace());
  } catch (const c10::TypeError& error) {
    keep("TypeError", error.what_without_backtrace());
  } catch (const c10::NotImplementedError& error) {
    keep("NotImplementedError", error.what_without_backtrace());
  } catch (const c10::Error& error) {
    keep("RuntimeError", error.what_without_backtrace());
  } catch (const std::bad_alloc& error) {
    keep("MemoryError", error.what());
  } catch (const std::out_of_range& error) {
    keep("IndexError", error.what());
  } catch (const std::logic_error& error) {  // invalid_argument, domain_error, length_error
    keep("ValueError", error.what());
  } catch (const std::range_error& error) {
    keep("ValueError", error.what());
  } catch (const std::overflow_error& error) {
    keep("OverflowError", error.what());
  } catch (const std::exception& error) {
    keep("RuntimeError", error.what());
  }
  return false;
}

}  // namespace kbk::extension
