package org.jtorch.align.chats;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.jtorch.chat.Chat;
import org.jtorch.chat.ChatTemplate;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.chat.EncodedChat;
import org.jtorch.data.TokenRow;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;

/// Examples as rows of tokens, by the model's chat template: the assistant's tokens are learned, each turn's end among them.
///
/// Rows end where the assistant's last turn ends. If the template writes no stop token there, one is put behind it, so that the model
/// learns to stop. What does not fit into a row loses its oldest turns, not its end, unless [TooLong#CUT_END] says so.
///
/// @param stops tokens at which generation ends; the first one is what a row without one gets
/// @param maxTokens that a row may have
public record ChatEncoder(Tokenizer tokenizer, ChatTemplate template, List<Long> stops, int maxTokens, TooLong tooLong, TrainedTurns trained) {
  public ChatEncoder {
    stops = List.copyOf(stops);
    if (stops.isEmpty()) {
      throw new IllegalArgumentException("`stops` is empty: a model needs a token to stop at; give the id of the tokenizer's end of text");
    }
    if (maxTokens < 2) {
      throw new IllegalArgumentException("`max_tokens` must be >= 2 but was " + maxTokens + "; 2048 is usual");
    }
  }

  /// All turns are learned, and the oldest go if a conversation does not fit.
  public ChatEncoder(Tokenizer tokenizer, ChatTemplate template, List<Long> stops, int maxTokens) {
    this(tokenizer, template, stops, maxTokens, TooLong.DROP_TURNS, TrainedTurns.ALL);
  }

  /// Conversations as rows to imitate.
  ///
  /// @throws DataException if none of them fits
  public List<TokenRow> rows(List<Example.Conversation> conversations, Problems problems) {
    var rows = new ArrayList<TokenRow>();
    for (var conversation : conversations) {
      row(conversation, problems).ifPresent(rows::add);
    }
    return required(rows, problems);
  }

  /// A conversation as a row to imitate; empty if it cannot be used, which `problems` says then.
  public Optional<TokenRow> row(Example.Conversation conversation, Problems problems) {
    var chat = conversation.chat();
    return fitting(chat.messages(), turns -> List.of(encode(chat.withMessages(turns), 0)), conversation.place(), problems)
        .map(List::getFirst).map(encoded -> encoded.row(trained == TrainedTurns.LAST ? 1 : Integer.MAX_VALUE));
  }

  /// A prompt with each of its answers; empty if it cannot be used, which `problems` says then.
  public Optional<List<AnswerRow>> answers(Example.Comparison comparison, Problems problems) {
    return answers(comparison.prompt(), comparison.answers(), comparison.place(), problems);
  }

  /// A prompt with an answer; empty if it cannot be used, which `problems` says then.
  public Optional<AnswerRow> answer(Example.Judged judged, Problems problems) {
    return answers(judged.prompt(), List.of(judged.answer()), judged.place(), problems).map(List::getFirst);
  }

  private Optional<List<AnswerRow>> answers(Chat prompt, List<Example.Answer> answers, String place, Problems problems) {
    return fitting(prompt.messages(), turns -> {
      var fewer = prompt.withMessages(turns);
      return answers.stream().map(a -> encode(Example.with(fewer, a.turns()), spoken(a.turns()))).toList();
    }, place, problems).map(all -> all.stream().map(Encoded::answer).toList());
  }

  /// A prompt up to where the assistant begins to speak; empty if it cannot be used, which `problems` says then. One that is too long is
  /// left out, whatever becomes of conversations.
  public Optional<long[]> prompt(Chat chat, String place, Problems problems) {
    try {
      long[] ids = template.ids(tokenizer, chat, true);
      if (ids.length > 0 && ids.length <= maxTokens) {
        return Optional.of(ids);
      }
      problems.add(Problems.Kind.TOO_LONG, place, ids.length == 0 ? "has no tokens" : "has " + ids.length + " tokens, and a prompt may have " + maxTokens);
    } catch (IllegalArgumentException e) {
      problems.add(Problems.Kind.REFUSED, place, "cannot be written: " + e.getMessage());
    }
    return Optional.empty();
  }

  /// Fails unless the template can be asked for what an assistant's turn begins with. One that writes nothing before an answer, as `[/INST]`
  /// does, need not be asked.
  ///
  /// @throws IllegalArgumentException if a policy would have to write the header of its own turn
  public void requireGenerationPrompt() {
    var asked = List.of(new Message(Turns.USER, "1"));
    String prompt = template.render(asked, true);
    if (!prompt.equals(template.render(asked, false))) {
      return;
    }
    String answered = template.render(List.of(asked.getFirst(), new Message(Turns.ASSISTANT, "2")), false);
    int at = answered.lastIndexOf('2');
    String header = answered.startsWith(prompt) && at >= prompt.length() ? answered.substring(prompt.length(), at) : "";
    if (!header.isBlank()) {
      throw new IllegalArgumentException("the chat template has no generation prompt: it writes \"" + header.strip() + "\" before an answer but not"
          + " when it is asked for `add_generation_prompt`; give another template, e.g. chatml, or one with"
          + " {% if add_generation_prompt %}...{% endif %} at its end");
    }
  }

  private static int spoken(List<Message> turns) {
    return (int) turns.stream().filter(Turns::isAssistant).count();
  }

  <R> List<R> required(List<R> rows, Problems problems) {
    if (rows.isEmpty()) {
      throw new DataException("no example makes a row of at most " + maxTokens + " tokens: " + String.join("; ", problems.describe()));
    }
    return rows;
  }

  // ---- length

  /// Encodes what is left of the oldest turns.
  private interface Attempt {
    List<Encoded> of(List<Message> turns);
  }

  private Optional<List<Encoded>> fitting(List<Message> turns, Attempt attempt, String place, Problems problems) {
    try {
      var all = attempt.of(turns);
      int longest = longest(all);
      if (longest <= maxTokens) {
        return Optional.of(all);
      }
      String why = "has " + longest + " tokens, and a row holds " + maxTokens;
      return switch (tooLong) {
        case LEAVE_OUT -> leftOut(place, why, problems);
        case CUT_END -> cut(all, place, why, problems);
        case DROP_TURNS -> shortened(turns, attempt, place, why, problems);
      };
    } catch (IllegalArgumentException e) {
      problems.add(Problems.Kind.REFUSED, place, "cannot be written: " + e.getMessage());
      return Optional.empty();
    }
  }

  private static int longest(List<Encoded> all) {
    return all.stream().mapToInt(e -> e.ids.length).max().orElse(0);
  }

  private static Optional<List<Encoded>> leftOut(String place, String why, Problems problems) {
    problems.add(Problems.Kind.TOO_LONG, place, why);
    return Optional.empty();
  }

  private Optional<List<Encoded>> cut(List<Encoded> all, String place, String why, Problems problems) {
    var cut = all.stream().map(e -> e.ids.length <= maxTokens ? e : e.cut(maxTokens)).toList();
    if (cut.stream().anyMatch(e -> e.runs.isEmpty())) {
      return leftOut(place, why + ", which its prompt fills", problems);
    }
    problems.add(Problems.Kind.CUT, place, why);
    return Optional.of(cut);
  }

  private Optional<List<Encoded>> shortened(List<Message> turns, Attempt attempt, String place, String why, Problems problems) {
    List<Message> rest = turns;
    for (OptionalInt next; (next = nextQuestion(rest)).isPresent(); ) {
      var fewer = new ArrayList<>(rest.subList(0, system(rest)));
      fewer.addAll(rest.subList(next.getAsInt(), rest.size()));
      rest = fewer;
      var encoded = attempt.of(rest);
      if (longest(encoded) <= maxTokens && encoded.stream().noneMatch(e -> e.runs.isEmpty())) {
        problems.add(Problems.Kind.SHORTENED, place, why);
        return Optional.of(encoded);
      }
    }
    return leftOut(place, why, problems);
  }

  private static int system(List<Message> turns) {
    return !turns.isEmpty() && turns.getFirst().role().equals(Turns.SYSTEM) ? 1 : 0;
  }

  /// Where the second question begins: what comes before it, but for the system's turn, is the oldest exchange.
  private static OptionalInt nextQuestion(List<Message> turns) {
    for (int i = system(turns) + 1; i < turns.size(); i++) {
      if (turns.get(i).role().equals(Turns.USER)) {
        return OptionalInt.of(i);
      }
    }
    return OptionalInt.empty();
  }

  // ---- tokens

  /// Tokens `[start, end)` that the assistant wrote in one turn.
  private record Run(int start, int end) {}

  /// @param runs of the assistant's turns that may be learned
  /// @param format marks of the template within them; null if not asked for
  private record Encoded(long[] ids, List<Run> runs, boolean @Nullable [] format) {
    /// The last `n` runs are learned.
    TokenRow row(int n) {
      float[] weights = new float[ids.length];
      runs.stream().skip(Math.max(0, runs.size() - n)).forEach(r -> Arrays.fill(weights, r.start, r.end, 1));
      return new TokenRow(ids, weights);
    }

    AnswerRow answer() {
      return new AnswerRow(row(runs.size()), format, Double.NaN);
    }

    Encoded cut(int length) {
      var left = runs.stream().filter(r -> r.start < length).map(r -> new Run(r.start, Math.min(r.end, length))).toList();
      return new Encoded(Arrays.copyOf(ids, length), left, format == null ? null : Arrays.copyOf(format, length));
    }
  }

  /// @param last how many of the assistant's turns count, from the end; 0 for all that are not marked as read only
  private Encoded encode(Chat chat, int last) {
    var encoded = template.encode(tokenizer, chat, false);
    var runs = runs(encoded);
    if (runs.isEmpty()) {
      throw new IllegalArgumentException("the chat template shows nothing of what the assistant wrote");
    }
    long[] ids = Arrays.copyOf(encoded.ids(), runs.getLast().end);
    if (!stops.contains(ids[ids.length - 1])) {
      ids = Arrays.copyOf(ids, ids.length + 1);
      ids[ids.length - 1] = stops.getFirst();
      runs.add(new Run(runs.removeLast().start, ids.length));
    }
    var counted = last > 0 ? runs.subList(Math.max(0, runs.size() - last), runs.size()) : learned(chat, runs);
    if (counted.isEmpty()) {
      throw new IllegalArgumentException("every turn of the assistant has the weight 0, so there is nothing to learn");
    }
    return new Encoded(ids, List.copyOf(counted), last > 0 ? format(ids, counted) : null);
  }

  private static List<Run> runs(EncodedChat chat) {
    var runs = new ArrayList<Run>();
    boolean[] mine = chat.assistant();
    for (int i = 0; i < mine.length; i++) {
      if (mine[i]) {
        int start = i;
        while (i < mine.length && mine[i]) {
          i++;
        }
        runs.add(new Run(start, i));
      }
    }
    return runs;
  }

  /// All runs but those of turns with a `weight` (or `loss_weight`) of 0, as OpenAI's files mark what is only read.
  private static List<Run> learned(Chat chat, List<Run> runs) {
    var turns = chat.messages().stream().filter(Turns::isAssistant).toList();
    if (turns.size() != runs.size()) {
      return runs;
    }
    var learned = new ArrayList<Run>();
    for (int i = 0; i < runs.size(); i++) {
      if (!isZero(turns.get(i).fields().get("weight")) && !isZero(turns.get(i).fields().get("loss_weight"))) {
        learned.add(runs.get(i));
      }
    }
    return learned;
  }

  private static boolean isZero(@Nullable Object weight) {
    return weight instanceof Number n && n.doubleValue() == 0;
  }

  /// Special tokens at the beginning and the end of each turn; what an answer says can hold none.
  private boolean[] format(long[] ids, List<Run> runs) {
    boolean[] format = new boolean[ids.length];
    for (Run run : runs) {
      for (int i = run.start; i < run.end && special(ids[i]); i++) {
        format[i] = true;
      }
      for (int i = run.end - 1; i >= run.start && special(ids[i]); i--) {
        format[i] = true;
      }
    }
    return format;
  }

  private boolean special(long id) {
    return tokenizer.isSpecial(id) || stops.contains(id);
  }
}
