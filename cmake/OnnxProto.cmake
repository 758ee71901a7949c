# intq_onnx_proto: a library of the ONNX message classes, generated from the .proto file
# that the `onnx` Python package ships.
find_package(Protobuf REQUIRED)
execute_process(
  COMMAND ${Python3_EXECUTABLE} -c
    "import importlib.util as u; print(list(u.find_spec('onnx').submodule_search_locations)[0])"
  OUTPUT_VARIABLE onnx_package OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed OR NOT EXISTS "${onnx_package}/onnx-ml.proto")
  message(FATAL_ERROR "expected the Python package `onnx` (>= 1.16), which ships onnx-ml.proto, for "
    "${Python3_EXECUTABLE}; install it with `${Python3_EXECUTABLE} -m pip install onnx`, or name another "
    "interpreter with -DPython3_EXECUTABLE=<path>")
endif()
get_filename_component(onnx_root "${onnx_package}" DIRECTORY)
set(onnx_generated ${CMAKE_CURRENT_BINARY_DIR}/proto)
file(MAKE_DIRECTORY ${onnx_generated})
add_custom_command(
  OUTPUT ${onnx_generated}/onnx/onnx-ml.pb.cc ${onnx_generated}/onnx/onnx-ml.pb.h
  COMMAND protobuf::protoc --proto_path=${onnx_root} --cpp_out=${onnx_generated} onnx/onnx-ml.proto
  DEPENDS ${onnx_package}/onnx-ml.proto)
add_library(intq_onnx_proto STATIC ${onnx_generated}/onnx/onnx-ml.pb.cc)
# Generated code: no warnings of ours.
target_compile_options(intq_onnx_proto PRIVATE -w -fvisibility=hidden)
target_include_directories(intq_onnx_proto SYSTEM PUBLIC ${onnx_generated} ${Protobuf_INCLUDE_DIRS})
target_link_libraries(intq_onnx_proto PUBLIC protobuf::libprotobuf-lite)
