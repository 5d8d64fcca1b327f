# Finds MindSpore Lite below MSLITE_HOME and makes the target mindspore_lite.
#
# Two packages have two structures:
#   the wheel mindspore-lite 2.0.0 (Linux):  include/api, lib/libmindspore-extendrt_python.so
#   the official device package (Android, Linux):
#                              runtime/include/api, runtime/lib/libmindspore-lite.so
set(MSLITE_HOME "" CACHE PATH "Folder of MindSpore Lite, with include/ and lib/ (or runtime/)")
set(wanted "MSLITE_HOME must be the unpacked wheel mindspore-lite 2.0.0 (its folder \
mindspore_lite, with include/ and lib/) or the official device package (with runtime/)")
if(MSLITE_HOME STREQUAL "")
  message(FATAL_ERROR "${wanted}. Give -DMSLITE_HOME=FOLDER.")
endif()
get_filename_component(mslite_root "${MSLITE_HOME}" ABSOLUTE)
if(EXISTS "${mslite_root}/runtime/include/api/model.h")
  string(APPEND mslite_root "/runtime")
endif()
if(NOT EXISTS "${mslite_root}/include/api/model.h")
  message(FATAL_ERROR "${wanted}; ${mslite_root}/include/api/model.h does not exist.")
endif()
set(mslite_lib "${mslite_root}/lib")

add_library(mindspore_lite INTERFACE)
# Its headers include one another both as "include/api/..." and as "mindapi/...".
target_include_directories(mindspore_lite SYSTEM INTERFACE "${mslite_root}"
                           "${mslite_root}/include")
if(EXISTS "${mslite_lib}/libmindspore-lite.so")
  target_link_libraries(mindspore_lite INTERFACE "${mslite_lib}/libmindspore-lite.so")
else()
  set(names libmindspore-extendrt_python.so libmindspore_core.so libmindspore_glog.so.0)
  foreach(name IN LISTS names ITEMS libmsplugin-ge-litert_python.so)
    if(NOT EXISTS "${mslite_lib}/${name}")
      message(FATAL_ERROR "${wanted}; ${mslite_lib}/${name} does not exist.")
    endif()
  endforeach()
  list(TRANSFORM names PREPEND "${mslite_lib}/")
  target_link_libraries(mindspore_lite INTERFACE ${names})
  # The wheel's own dependencies (OpenCV, converter) need not be resolved while linking. A RUNPATH
  # does not reach what its libraries load in turn (libdnnl.so.2), an RPATH does.
  target_link_options(mindspore_lite INTERFACE -Wl,--allow-shlib-undefined
                      -Wl,--disable-new-dtags)
endif()
if(NOT ANDROID)
  # Both Linux packages were built with the old layout of std::string.
  target_compile_definitions(mindspore_lite INTERFACE _GLIBCXX_USE_CXX11_ABI=0)
endif()
