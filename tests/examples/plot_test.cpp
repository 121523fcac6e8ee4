#include "../../examples/support/output_folder.hpp"
#include "catch.hpp"
#include "temporary_folder.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

/// Puts a gnuplot before the machine's own: a shell script's lines for $svg and $png, the files
/// that it is asked for.
class OtherGnuplot {
 public:
  explicit OtherGnuplot(const std::string& lines) : before_(std::getenv("PATH")) {
    std::ofstream(folder_ / "gnuplot")
        << "#!/bin/sh\n"
           "svg=$(sed -n \"s/^set output '\\(.*svg.part\\)'$/\\1/p\" \"$1\")\n"
           "png=$(sed -n \"s/^set output '\\(.*png.part\\)'$/\\1/p\" \"$1\")\n"
        << lines;
    std::filesystem::permissions(folder_ / "gnuplot", std::filesystem::perms::owner_all);
    ::setenv("PATH", (folder_.path().string() + ':' + before_).c_str(), 1);
  }
  OtherGnuplot(const OtherGnuplot&) = delete;
  OtherGnuplot& operator=(const OtherGnuplot&) = delete;
  ~OtherGnuplot() { ::setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
  TemporaryFolder folder_;
};

const std::string whole_svg = "printf '<svg></svg>\\n' > \"$svg\"\n";
const std::string whole_png =
    "printf '\\211PNG\\r\\n\\032\\n\\0\\0\\0\\002abcd..CRC.\\0\\0\\0\\0IENDCRC.' > \"$png\"\n";

struct Drawn {
  bool told;
  bool svg;
  bool png;
  std::size_t entries;  ///< in the folder
};

Drawn draw(const std::string& lines) {
  const TemporaryFolder folder;
  const OtherGnuplot gnuplot(lines);
  const support::OutputFolder out(folder.path());
  const bool told = out.plot("a", "plot x\n");
  return {told, std::filesystem::exists(folder / "a.svg"),
          std::filesystem::exists(folder / "a.png"), folder.entries()};
}

}  // namespace

TEST_CASE("A plot takes its name when all of it is there") {
  const Drawn drawn = draw(whole_svg + whole_png);
  CHECK(drawn.told);
  CHECK(drawn.svg);
  CHECK(drawn.png);
  CHECK(drawn.entries == 3);  // and the script
}

TEST_CASE("What gnuplot writes in part is taken away, though it reports success") {
  const std::string cut = GENERATE_COPY(
      whole_svg + "head -c 40 /dev/zero > \"$png\"\n", whole_svg + ": > \"$png\"\n", whole_svg,
      whole_svg + "printf '\\211PNG\\r\\n\\032\\n\\0\\0\\0\\002abcd..CRC.' > \"$png\"\n",
      whole_svg + "printf '\\211PNG\\r\\n\\032\\n\\0\\0\\0\\0IENDCR' > \"$png\"\n",
      whole_svg + "printf '\\211PNG\\r\\n\\032\\n\\0\\0\\0\\0IENDCRC.more' > \"$png\"\n",
      "printf '<svg><path></svg' > \"$svg\"\n" + whole_png, ": > \"$svg\"\n" + whole_png, whole_png,
      whole_svg + whole_png + "exit 1\n");
  CAPTURE(cut);
  const Drawn drawn = draw(cut);
  CHECK_FALSE(drawn.told);
  CHECK_FALSE(drawn.svg);
  CHECK_FALSE(drawn.png);
  CHECK(drawn.entries == 1);
}
