package org.jtorch.recipes.align;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.ChatSet;
import org.jtorch.align.chats.Example;
import org.jtorch.align.chats.Problems;
import org.jtorch.align.chats.TrainedTurns;
import org.jtorch.data.TokenRow;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.report.ShownRow;
import org.jtorch.recipes.report.ShownRow.Role;
import org.jtorch.text.Tokenizer;

/// The first rows of a recipe on chats, token by token, as its trainer gets them.
final class ChatRows {
  private final ChatRecipe recipe;
  private final ChatModel chats;
  private final List<ShownRow> rows = new ArrayList<>();

  private ChatRows(ChatRecipe recipe, ChatModel chats) {
    this.recipe = recipe;
    this.chats = chats;
  }

  /// Of a recipe by itself or a stage.
  ///
  /// @param count examples of each source
  /// @throws IllegalArgumentException if its model is not there yet
  static List<ShownRow> of(ChatRecipe recipe, Artifacts known, int count) {
    Path from = known.model(recipe.from()).folder();
    if (!Files.isDirectory(from)) {
      return List.of(new ShownRow(recipe.name() + ": its model is not there yet (" + from + "); run the stages before it first", "", List.of()));
    }
    try (var chats = ChatModel.open(from, recipe.chats().template())) {
      return of(recipe, chats, known, count);
    }
  }

  /// @param chats with the recipe's template
  static List<ShownRow> of(ChatRecipe recipe, ChatModel chats, Artifacts known, int count) {
    var shown = new ChatRows(recipe, chats);
    recipe.chats().sources().forEach(source -> shown.add(source.read(known), count));
    return shown.rows;
  }

  private void add(ChatSet set, int count) {
    var problems = new Problems();
    switch (recipe) {
      case SftRecipe sft -> conversations(set, encoder(sft.turns()), count, problems);
      case GkdRecipe _ -> conversations(set, encoder(TrainedTurns.LAST), count, problems);
      case DpoRecipe dpo -> comparisons(set, count, problems, "preferred", row -> shown(dpo.maskFormat() ? row : row.withFormatCounted()));
      case RewardRecipe _ -> comparisons(set, count, problems, "scored at the end", row -> end(row.row()));
      default -> { }
    }
    problems.describe().forEach(text -> rows.add(new ShownRow(text, "", List.of())));
  }

  private ChatEncoder encoder(TrainedTurns turns) {
    return chats.encoder(recipe.chats(), turns);
  }

  private void conversations(ChatSet set, ChatEncoder encoder, int count, Problems problems) {
    for (var each : set.conversations().stream().limit(count).toList()) {
      encoder.row(each, problems).ifPresent(row -> add(each.place(), shown(row)));
    }
  }

  /// What training does with the tokens of an answer.
  private interface Roles {
    List<ShownRow.Token> of(AnswerRow row);
  }

  private void comparisons(ChatSet set, int count, Problems problems, String what, Roles roles) {
    for (var each : set.only(Example.Comparison.class).stream().limit(count).toList()) {
      encoder(TrainedTurns.ALL).answers(each, problems).ifPresent(answers -> {
        for (int i = 0; i < answers.size(); i++) {
          String place = i == 0 ? "the best answer" : i == answers.size() - 1 ? "the worst answer" : "answer " + (i + 1);
          add(each.place() + ", " + place + (each.level() == null ? "" : ", " + each.level().words()) + ", " + what, roles.of(answers.get(i)));
        }
      });
    }
  }

  private void add(String title, List<ShownRow.Token> tokens) {
    var text = new StringBuilder();
    tokens.forEach(t -> text.append(t.text().replace("\\n", "\n")));
    var row = new ShownRow("", text.toString(), tokens);
    rows.add(new ShownRow("%s: %s, %d tokens, %d of them marked".formatted(recipe.name(), title, tokens.size(), row.count(Role.TRAINED)),
        row.text(), tokens));
  }

  private List<ShownRow.Token> shown(TokenRow row) {
    float[] weights = row.weights();
    return tokens(row.ids(), i -> weights == null || weights[i] > 0 ? Role.TRAINED : Role.READ);
  }

  private List<ShownRow.Token> shown(AnswerRow row) {
    boolean[] format = row.format();
    return tokens(row.row().ids(), i -> row.counts(i) ? Role.TRAINED : format != null && format[i] ? Role.FORMAT : Role.READ);
  }

  private List<ShownRow.Token> end(TokenRow row) {
    return tokens(row.ids(), i -> i == row.ids().length - 1 ? Role.TRAINED : Role.READ);
  }

  private interface RoleAt {
    Role of(int index);
  }

  private List<ShownRow.Token> tokens(long[] ids, RoleAt roles) {
    var tokens = new ArrayList<ShownRow.Token>();
    for (int i = 0; i < ids.length; i++) {
      tokens.add(new ShownRow.Token(text(chats.tokenizer(), ids[i]), roles.of(i)));
    }
    return tokens;
  }

  /// A token's text; of one that is a part of a letter its name.
  private static String text(Tokenizer tokenizer, long id) {
    String text = tokenizer.decode(new long[] {id}, false);
    return (text.isEmpty() || text.indexOf('\uFFFD') >= 0 ? tokenizer.token(id) : text).replace("\n", "\\n");
  }
}
