// What most tests include, read once for all of them.

#include <gtap/core/intrinsics.hpp>

#include "catch.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <xsimd/xsimd.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <sstream>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>
