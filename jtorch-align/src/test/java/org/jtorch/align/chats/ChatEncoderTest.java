package org.jtorch.align.chats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.chats.Problems.Kind;
import org.jtorch.chat.Chat;
import org.jtorch.chat.ChatFormat;
import org.jtorch.chat.ChatTemplate;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.data.TokenBatches;
import org.jtorch.data.TokenRow;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ChatEncoderTest {
  private Tokenizer tokenizer;
  private ChatTemplate template;
  private long end;

  @BeforeAll @SuppressWarnings("MustBeClosedChecker") void begin(@TempDir Path temp) {
    tokenizer = TinyPolicy.load(temp);
    template = ChatTemplate.of(ChatFormat.CHATML, tokenizer);
    end = tokenizer.requireId("<|im_end|>");
  }

  @AfterAll void close() {
    tokenizer.close();
  }

  private ChatEncoder encoder(int max, TooLong tooLong, TrainedTurns trained) {
    return new ChatEncoder(tokenizer, template, List.of(end), max, tooLong, trained);
  }

  private static Example.Conversation talk(Message... turns) {
    return new Example.Conversation(Chat.of(List.of(turns)), "talk.jsonl:1");
  }

  private static final Example.Conversation TWO = talk(new Message("system", "Sum."), new Message("user", "What is 1 plus one?"),
      new Message("assistant", "It is 2."), new Message("user", "What is 2 plus one?"), new Message("assistant", "It is 3."));

  private String learned(TokenRow row) {
    float[] weights = Objects.requireNonNull(row.weights());
    return tokenizer.decode(IntStream.range(0, weights.length).filter(i -> weights[i] != 0).mapToLong(i -> row.ids()[i]).toArray(), false);
  }

  private String text(TokenRow row) {
    return tokenizer.decode(row.ids(), false);
  }

  @Test void everyTurnsEndIsLearnedAndNothingBehindTheLast() {
    var row = encoder(200, TooLong.DROP_TURNS, TrainedTurns.ALL).row(TWO, new Problems()).orElseThrow();
    assertThat(learned(row)).isEqualTo("It is 2.<|im_end|>It is 3.<|im_end|>");
    assertThat(row.ids()[row.ids().length - 1]).isEqualTo(end);
  }

  @Test void theLastTurnAloneInItsContext() {
    var row = encoder(200, TooLong.DROP_TURNS, TrainedTurns.LAST).row(TWO, new Problems()).orElseThrow();
    assertThat(learned(row)).isEqualTo("It is 3.<|im_end|>");
    assertThat(text(row)).contains("It is 2.");
  }

  @Test void aTurnOfWeightZeroIsRead() {
    var chat = talk(new Message("user", "a"), new Message("assistant", "b").with("weight", 0), new Message("user", "c"), new Message("assistant", "d"));
    var row = encoder(200, TooLong.DROP_TURNS, TrainedTurns.ALL).row(chat, new Problems()).orElseThrow();
    assertThat(learned(row)).isEqualTo("d<|im_end|>");
    var problems = new Problems();
    var none = talk(new Message("user", "a"), new Message("assistant", "b").with("loss_weight", 0.0));
    assertThat(encoder(200, TooLong.DROP_TURNS, TrainedTurns.ALL).row(none, problems)).isEmpty();
    assertThat(problems.first(Kind.REFUSED)).singleElement().asString().contains("nothing to learn");
  }

  @Test void aTemplateWithoutAnEndGetsAStopToken() {
    var plain = ChatTemplate.of("{%- for m in messages -%}{%- if m['role'] == 'assistant' -%}{%- generation -%}{{- m['content'] -}}"
        + "{%- endgeneration -%}{%- else -%}{{- m['content'] + ' ' -}}{%- endif -%}{%- endfor -%}", Map.of());
    long stop = tokenizer.requireId("<|endoftext|>");
    var row = new ChatEncoder(tokenizer, plain, List.of(stop), 100).row(talk(new Message("user", "a"), new Message("assistant", "b")),
        new Problems()).orElseThrow();
    assertThat(learned(row)).isEqualTo("b<|endoftext|>");
    assertThat(text(row)).isEqualTo("a b<|endoftext|>");
  }

  @Test void whatDoesNotFitLosesItsOldestTurnsAndKeepsItsEnd() {
    int whole = encoder(500, TooLong.DROP_TURNS, TrainedTurns.ALL).row(TWO, new Problems()).orElseThrow().ids().length;
    var problems = new Problems();
    var row = encoder(whole - 1, TooLong.DROP_TURNS, TrainedTurns.ALL).row(TWO, problems).orElseThrow();
    assertThat(learned(row)).isEqualTo("It is 3.<|im_end|>");
    assertThat(text(row)).contains("Sum.").doesNotContain("1 plus");
    assertThat(problems.first(Kind.SHORTENED)).singleElement().asString().isEqualTo("talk.jsonl:1 has " + whole + " tokens, and a row holds "
        + (whole - 1));
    assertThat(problems.leftOut()).isZero();
  }

  @Test void whatCannotBeShortenedIsLeftOutUnlessItsEndMayGo() {
    var problems = new Problems();
    assertThat(encoder(10, TooLong.DROP_TURNS, TrainedTurns.ALL).row(TWO, problems)).isEmpty();
    assertThat(encoder(30, TooLong.LEAVE_OUT, TrainedTurns.ALL).row(TWO, problems)).isEmpty();
    assertThat(problems.count(Kind.TOO_LONG)).isEqualTo(2);
    int whole = encoder(500, TooLong.DROP_TURNS, TrainedTurns.ALL).row(TWO, new Problems()).orElseThrow().ids().length;
    var cut = encoder(whole - 1, TooLong.CUT_END, TrainedTurns.ALL).row(TWO, problems).orElseThrow();
    assertThat(learned(cut)).endsWith("It is 3.");
    assertThat(problems.count(Kind.CUT)).isEqualTo(1);
    assertThatThrownBy(() -> encoder(10, TooLong.DROP_TURNS, TrainedTurns.ALL).rows(List.of(TWO), problems)).isInstanceOf(DataException.class)
        .hasMessageContaining("at most 10 tokens").hasMessageContaining("talk.jsonl:1");
  }

  @Test void answersAreLearnedAndTheirPromptIsNotHoweverOftenTheAssistantSpokeBefore() {
    var prompt = Chat.of(TWO.chat().messages().subList(0, 4));
    var comparison = new Example.Comparison(prompt, List.of(new Example.Answer(List.of(new Message("assistant", "It is 3.")), null),
        new Example.Answer(List.of(new Message("assistant", "No idea")), null)), null, Double.NaN, "pairs:1");
    var rows = encoder(200, TooLong.DROP_TURNS, TrainedTurns.ALL).answers(comparison, new Problems()).orElseThrow();
    assertThat(rows).extracting(r -> learned(r.row())).containsExactly("It is 3.<|im_end|>", "No idea<|im_end|>");
    assertThat(rows.getFirst().start()).isEqualTo(rows.getLast().start());
    var row = rows.getFirst();
    boolean[] format = Objects.requireNonNull(row.format());
    assertThat(IntStream.range(0, format.length).filter(i -> format[i]).mapToObj(i -> tokenizer.token(row.row().ids()[i])))
        .containsExactly("<|im_end|>");
    var mixed = rows.getFirst().answeredBy(rows.getLast());
    assertThat(text(mixed.row())).isEqualTo(text(rows.getLast().row()));
    assertThat(mixed.learned()).isEqualTo(rows.getLast().learned());
  }

  @SuppressWarnings("NullAway")                // does not see that an array of a record may be null
  @Test void packedRowsKeepConversationsApartAndTheirWeights(@TempDir Path temp) {
    var rows = encoder(200, TooLong.DROP_TURNS, TrainedTurns.ALL).rows(List.of(TWO, talk(new Message("user", "The cat"),
        new Message("assistant", "sat"))), new Problems());
    long learned = rows.stream().mapToLong(r -> new AnswerRow(r, null, Double.NaN).learned()).sum();
    try (var shards = RowShards.write(temp, tokenizer, end, rows)) {
      var packed = RowShards.packed(shards, 127);
      var batch = TokenBatches.gather(packed, 0);
      assertThat(packed.rows()).isEqualTo(1);
      assertThat(batch.trainedTokens()).isEqualTo(learned);
      assertThat(batch.segmentIds()).contains(0, 1, -1);
    }
  }
}
