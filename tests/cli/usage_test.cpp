#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cli_fixture.hpp"

namespace dispytch::testing {
namespace {

using ::testing::HasSubstr;

class Usage : public CliTest {
 protected:
  // What bash would offer for the last of the words.
  std::string completed(const std::string& words) const {
    const std::string script = R"(source <("$0" completion bash); COMP_WORDS=()" + words +
                               R"(); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _dispytch; echo "${COMPREPLY[@]}")";
    return run({"bash", "-c", script, DISPYTCH_CLI}).output;
  }
};

TEST_F(Usage, HelpShowsAnExampleOfEachCommand) {
  const std::vector<std::vector<std::string>> commands{
      {},       {"check"},      {"emit"}, {"tail"},        {"plugins"},     {"plugins", "inspect"}, {"status"},
      {"skip"}, {"completion"}, {"dlq"},  {"dlq", "list"}, {"dlq", "show"}, {"dlq", "replay"},      {"dlq", "purge"}};
  for (std::vector<std::string> command : commands) {
    command.emplace_back("--help");
    const Finished finished = dispytch(command);
    EXPECT_THAT(finished.output, HasSubstr("Example")) << command.front();
    EXPECT_EQ(finished.exit_code, 0) << command.front();
  }
}

TEST_F(Usage, SaysItsVersion) {
  EXPECT_THAT(dispytch({"--version"}).output, ::testing::MatchesRegex("dispytch [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(Usage, WrongUsageEndsWithTwo) {
  const std::vector<std::vector<std::string>> wrong{{},
                                                    {"chekc"},
                                                    {"check"},
                                                    {"check", "--jsn", "x"},
                                                    {"emit"},
                                                    {"emit", "--config", "x", "e", "t"},
                                                    {"tail", "--from", "here"},
                                                    {"tail", "--config", "x", "l", "--count", "-1"},
                                                    {"emit", "--config", "x", "e", "t", "--topic", "t", "--from-line", "0"},
                                                    {"status"},
                                                    {"status", "--socket", "x", "more"},
                                                    {"skip", "--socket", "x", "billing", "orders"},
                                                    {"skip", "--socket", "x", "billing", "orders", "-1", "5"},
                                                    {"completion", "tcsh"}};
  for (const auto& arguments : wrong) {
    const Finished finished = dispytch(arguments);
    EXPECT_EQ(finished.exit_code, 2) << (arguments.empty() ? "" : arguments.front());
    EXPECT_NE(finished.errors, "");
    EXPECT_EQ(finished.output, "");
  }
}

TEST_F(Usage, AFullDiskIsAFailure) {
  const Finished finished = run({"sh", "-c", "\"$0\" --help >/dev/full; \"$0\" completion bash >/dev/full", DISPYTCH_CLI});
  const std::string refusal = "dispytch: standard output can't be written: No space left on device\n";
  EXPECT_EQ(finished.errors, refusal + refusal);
  EXPECT_EQ(finished.exit_code, 1);
}

TEST_F(Usage, BashCompletesCommandsOptionsAndChoices) {
  EXPECT_EQ(completed("dispytch ''"), "check emit tail plugins status skip dlq positions groups declare completion\n");
  EXPECT_EQ(completed("dispytch ta"), "tail\n");
  EXPECT_EQ(completed("dispytch plugins ''"), "inspect\n");
  EXPECT_EQ(completed("dispytch dlq ''"), "list show replay purge\n");
  EXPECT_EQ(completed("dispytch tail --from ''"), "earliest latest\n");
  EXPECT_EQ(completed("dispytch tail --co"), "--config --count\n");
  EXPECT_EQ(completed("dispytch emit --config ''"), "\n");  // a file: bash's own
  EXPECT_EQ(completed("dispytch completion ''"), "bash zsh fish\n");
}

TEST_F(Usage, OtherShellsHaveScriptsOfTheirOwn) {
  const std::string zsh = dispytch({"completion", "zsh"}).output;
  EXPECT_THAT(zsh, HasSubstr("bashcompinit"));
  EXPECT_THAT(zsh, HasSubstr("${COMP_WORDS[@]:1:$((COMP_CWORD-1))}"));  // a bare name behind a colon is a modifier for zsh
  EXPECT_THAT(dispytch({"completion", "fish"}).output,
              HasSubstr("complete -c dispytch -n '__fish_seen_subcommand_from tail' -l from -r -f -a 'earliest latest'"));
  EXPECT_THAT(dispytch({"completion", "fish"}).output,
              HasSubstr("complete -c dispytch -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'"));
}

}  // namespace
}  // namespace dispytch::testing
