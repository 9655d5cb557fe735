# weft_library(NAME SOURCES ... DEPS ... [TORCH]): a folder's static library. TORCH: precompiled Torch header, system includes.
function(weft_library name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE weft_warnings ${ARG_PRIVATE_DEPS})
  if(ARG_TORCH)
    target_link_libraries(${name} PUBLIC weft_torch)
    target_precompile_headers(${name} REUSE_FROM weft_torch_header)
    set_target_properties(${name} PROPERTIES JOB_POOL_COMPILE torch_compile)
  endif()
endfunction()

# weft_use_torch_header(TARGET): the shared precompiled header for a program. Programs are compiled with -fPIE by default, the header
# with -fPIC; GCC takes a precompiled header only under the flags that it was made with.
function(weft_use_torch_header name)
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} REUSE_FROM weft_torch_header)
  set_target_properties(${name} PROPERTIES JOB_POOL_COMPILE torch_compile)
endfunction()

# weft_test(NAME SOURCES ... DEPS ... [TORCH]): a GoogleTest program; each test is known to ctest by name.
function(weft_test name)
  cmake_parse_arguments(ARG "TORCH" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE weft_warnings ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  if(ARG_TORCH)
    target_link_libraries(${name} PRIVATE weft_torch)
    weft_use_torch_header(${name})
  endif()
  include(GoogleTest)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 120 PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# weft_benchmark(NAME SOURCES ... DEPS ... [TORCH]): a Google Benchmark program.
function(weft_benchmark name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE weft_warnings ${ARG_DEPS} benchmark::benchmark_main)
  if(ARG_TORCH)
    target_link_libraries(${name} PRIVATE weft_torch)
    weft_use_torch_header(${name})
  endif()
endfunction()

# The shared precompiled header. Re-using targets must have the same flags, hence the same warnings.
if(WEFT_TORCH)
  add_library(weft_torch_header STATIC ${CMAKE_SOURCE_DIR}/cmake/torch_header.cc)
  target_link_libraries(weft_torch_header PUBLIC weft_torch PRIVATE weft_warnings fmt::fmt)
  target_precompile_headers(weft_torch_header PRIVATE ${CMAKE_SOURCE_DIR}/cmake/torch_header.h)
  set_target_properties(weft_torch_header PROPERTIES JOB_POOL_COMPILE torch_compile JOB_POOL_PRECOMPILE_HEADER torch_compile)
endif()

# weft_cuda_sources(FILE.cu ...): adds a folder's kernels to the one CUDA plugin, ${CMAKE_BINARY_DIR}/lib/libweft_cuda.so. Without
# nvcc it does nothing. The plugin is a module: nothing links it; it is opened when `--device cuda` is asked for and exports
# two C functions, weft_cuda_table() of sampling/cuda_table.h and weft_cuda_kernel_table() of gnn/kernels/device/kernel_table.h
# (give them visibility("default")); all else is hidden.
function(weft_cuda_sources)
  if(NOT WEFT_HAVE_CUDA)
    return()
  endif()
  if(NOT TARGET weft_cuda)
    add_library(weft_cuda MODULE)
    target_include_directories(weft_cuda PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(weft_cuda PRIVATE CUDA::cudart CUDA::cublas)
    target_compile_options(weft_cuda PRIVATE
      $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr -Xcompiler=-Wall,-Wextra -Werror=all-warnings>)
    set_target_properties(weft_cuda PROPERTIES
      CUDA_RUNTIME_LIBRARY Shared CXX_VISIBILITY_PRESET hidden CUDA_VISIBILITY_PRESET hidden
      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib
      BUILD_RPATH "${WEFT_DEPS_DIR}/cuda/lib;/usr/local/cuda/lib64")
  endif()
  foreach(source ${ARGN})
    get_filename_component(source ${source} ABSOLUTE)
    target_sources(weft_cuda PRIVATE ${source})
  endforeach()
endfunction()

# weft_uses_cuda_plugin(TARGET): TARGET opens the plugin at run time. It is built first, and the macro WEFT_CUDA_PLUGIN_PATH
# holds where the build put it ("" where it was not built): a last resort after the folder of the running program.
# Call it after all weft_cuda_sources (folders are entered in the order of the main CMakeLists.txt).
function(weft_uses_cuda_plugin target)
  if(TARGET weft_cuda)
    add_dependencies(${target} weft_cuda)
    target_compile_definitions(${target} PRIVATE WEFT_CUDA_PLUGIN_PATH="${CMAKE_BINARY_DIR}/lib/libweft_cuda.so")
  else()
    target_compile_definitions(${target} PRIVATE WEFT_CUDA_PLUGIN_PATH="")
  endif()
endfunction()
