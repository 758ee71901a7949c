# intq_ort_checkpoint: the generated header of the checkpoint's schema.
find_program(FLATC flatc)
find_path(FLATBUFFERS_INCLUDE_DIR flatbuffers/flatbuffers.h)
if(NOT FLATC OR NOT FLATBUFFERS_INCLUDE_DIR)
  message(FATAL_ERROR "expected flatc and the headers of flatbuffers; install the packages "
    "flatbuffers-compiler and libflatbuffers-dev")
endif()
set(ort_generated ${CMAKE_CURRENT_BINARY_DIR}/flatbuffers)
add_custom_command(
  OUTPUT ${ort_generated}/OrtCheckpoint_generated.h
  COMMAND ${FLATC} --cpp -o ${ort_generated} ${CMAKE_CURRENT_SOURCE_DIR}/OrtCheckpoint.fbs
  DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/OrtCheckpoint.fbs)
add_custom_target(intq_ort_checkpoint DEPENDS ${ort_generated}/OrtCheckpoint_generated.h)
