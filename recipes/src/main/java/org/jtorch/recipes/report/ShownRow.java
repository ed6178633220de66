package org.jtorch.recipes.report;

import java.util.List;

/// A row of tokens to look at: what a model reads and what it learns.
///
/// @param title where it comes from, and what is marked in it
/// @param text the whole row, as the chat template wrote it
/// @param tokens in their order
public record ShownRow(String title, String text, List<Token> tokens) {
  /// What training does with a token.
  public enum Role {
    /// It is read only.
    READ,
    /// It is learned, or compared; of a reward model it is where the reward is read.
    TRAINED,
    /// The template wrote it into an answer, and a preference leaves it out.
    FORMAT
  }

  /// @param text as it stands in the row; line breaks are written `\n`
  public record Token(String text, Role role) {}

  public ShownRow {
    tokens = List.copyOf(tokens);
  }

  /// How many tokens have a role.
  public long count(Role role) {
    return tokens.stream().filter(t -> t.role == role).count();
  }
}
