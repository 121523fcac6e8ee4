#pragma once

#include "curves.hpp"
#include "settings.hpp"
#include "subject.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

/// What a reader calls a recipe: index, value and design.
std::string title(const Recipe& recipe);

/// How the tables are to be read, as the beginning of a page in Markdown.
std::string tables_heading(const Settings& settings);

/// What the networks of one kind are: accuracies and uncertainty bands over seeds, in words.
std::string describe(const std::vector<Subject>& subjects);

/// A table in Markdown of the mean accuracies and standard deviations at the fractions of the
/// procedure's table in the paper (the iterated one for building), best mean first, the paper's
/// own curves at the end.
std::string table(const std::vector<Curve>& curves, const std::string& procedure);

/// A table in Markdown of what was compensated and fine-tuned.
std::string finalists_table(const std::vector<Curve>& curves, double full_accuracy);

/// Rows of a table in Markdown: how chosen recipes and the best by the paper's protocol compare
/// with the paper's best curve and with the baselines.
std::string margins_heading();
std::string margins(const std::vector<Curve>& curves);

nlohmann::ordered_json to_json(const std::vector<Curve>& curves, double full_accuracy,
                               const Settings& settings);

/// One line for each curve and kept fraction.
std::string csv_heading();
std::string to_csv(const std::vector<Curve>& curves, const Settings& settings);
