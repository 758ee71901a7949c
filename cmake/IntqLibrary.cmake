# intq_add_library(NAME sources... [DEPENDS targets...] [LINK libs...]): a library
# that links libMLIR.so and reuses the one precompiled header of upstream headers.
function(intq_add_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_mlir_library(${name} ${ARG_UNPARSED_ARGUMENTS} DEPENDS ${ARG_DEPENDS} intq-headers
    DISABLE_INSTALL LINK_LIBS PUBLIC ${ARG_LINK} MLIR)
  if(TARGET obj.${name})
    target_precompile_headers(obj.${name} REUSE_FROM intq_pch)
  else()
    target_precompile_headers(${name} REUSE_FROM intq_pch)
  endif()
endfunction()
