// In the place of <Python.h>: enough for the PyInit function that many extensions define beside their TORCH_LIBRARY.
//
// Nobody calls it: a module of kbk.load is no Python extension module, so that it needs neither Python's headers nor its library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

struct _object;  // as in torch's own headers
using PyObject = struct _object;
struct PyMethodDef;
using Py_ssize_t = std::ptrdiff_t;
struct PyModuleDef_Base {
  int unused;
};
struct PyModuleDef {
  PyModuleDef_Base base;
  const char* name;
  const char* doc;
  Py_ssize_t size;
  PyMethodDef* methods;
  void* slots;
  void* traverse;
  void* clear;
  void* free;
};

#define PyModuleDef_HEAD_INIT {0}
#define PyMODINIT_FUNC extern "C" PyObject*
#define PyModule_Create(definition) (static_cast<void>(definition), static_cast<PyObject*>(nullptr))
#define PyDoc_STRVAR(name, text) [[maybe_unused]] static const char name[] = text
