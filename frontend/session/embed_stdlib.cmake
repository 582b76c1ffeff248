# Writes {"path", "text"} rows for every stdlib/**/*.csl below DIR into OUT as byte arrays

file(GLOB_RECURSE files RELATIVE ${DIR} ${DIR}/*.csl)
list(SORT files)
set(out "")
foreach(name ${files})
  file(READ ${DIR}/${name} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(MAKE_C_IDENTIFIER ${name} id)
  string(APPEND arrays "static const unsigned char k_${id}[] = {${bytes}0};\n")
  string(APPEND out "  {\"${name}\", std::string_view(reinterpret_cast<const char*>(k_${id}), sizeof(k_${id}) - 1)},\n")
endforeach()
file(WRITE ${OUT} "${arrays}static const StdlibFile kStdlib[] = {\n${out}};\n")
