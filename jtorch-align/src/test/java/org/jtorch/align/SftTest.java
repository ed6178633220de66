package org.jtorch.align;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.jtorch.adapter.Lora;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.adapter.Targets;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.Example;
import org.jtorch.align.chats.Problems;
import org.jtorch.align.chats.RowShards;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.chat.Chat;
import org.jtorch.chat.ChatFormat;
import org.jtorch.chat.ChatTemplate;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.data.Batch;
import org.jtorch.data.BatchSource;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.TokenBatches;
import org.jtorch.data.TokenRow;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.nn.Init;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.jtorch.text.Tokenizer;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.Progress;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Supervised fine-tuning: the pretrainer's loop on conversations.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SftTest {
  private Tokenizer tokenizer;
  private ChatTemplate template;
  private long end;
  private List<TokenRow> rows;

  @BeforeAll @SuppressWarnings("MustBeClosedChecker") void begin(@TempDir Path temp) {
    tokenizer = TinyPolicy.load(temp);
    template = ChatTemplate.of(ChatFormat.CHATML, tokenizer);
    end = tokenizer.requireId("<|im_end|>");
    var chats = new ArrayList<Example.Conversation>();
    for (int i = 0; i < 10; i++) {
      chats.add(new Example.Conversation(Chat.of(List.of(question(i), new Message("assistant", "It is " + (i + 1) + "."))), "row " + i));
    }
    rows = new ChatEncoder(tokenizer, template, List.of(end), 64).rows(chats, new Problems());
  }

  private static Message question(int i) {
    return new Message("user", "What is " + i + " plus one?");
  }

  @AfterAll void close() {
    tokenizer.close();
  }

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  private Decoder model() {
    var model = Decoder.create(Llama.shape(tokenizer.vocabSize(), 32, 64, 2, 2, 1, 16, 128, new Rope(10_000, RopeScaling.NONE), 1e-5, true)
        .withInit(new Init.Normal(0.3)), Device.CPU, DType.F32, Rng.of(1));
    model.requiresGrad(true);
    return model;
  }

  private double train(Decoder model, Optimizer optimizer, BatchSource<Batch> batches, int steps, double rate) {
    var log = new TinyPolicy.Recorder();
    new Pretrainer(model, optimizer, batches, TinyPolicy.options(steps, rate)).fit(Progress.START, log, TinyPolicy.NO_HOOKS);
    return log.steps.getLast().loss();
  }

  private String answer(Decoder model, int i) {
    long[] prompt = template.ids(tokenizer, List.of(question(i)), true);
    long[] ids = new Generator(model).generate(List.of(prompt), new Options(20, Sampling.GREEDY, Set.of(end), 0, 0)).getFirst();
    return tokenizer.decode(ids, false);
  }

  @Test void theModelAnswersAndStops() {
    try (var model = model(); var adam = TinyPolicy.adam(model)) {
      double loss = train(model, adam, new ExampleBatches<>(1, 10, rows, new Collator(64, 8)::batch), 150, 1e-2);
      assertThat(loss).isLessThan(0.05);
      for (int i = 0; i < 10; i += 3) {
        assertThat(answer(model, i)).isIn("It is " + (i + 1) + ".<|im_end|>", "It is " + (i + 1) + ".");
      }
    }
  }

  @Test void packedConversationsTeachTheSame(@TempDir Path temp) {
    try (var shards = RowShards.write(temp, tokenizer, end, rows); var one = model(); var two = model(); var a = TinyPolicy.adam(one);
        var b = TinyPolicy.adam(two)) {
      var packed = RowShards.packed(shards, 127);
      var all = TokenBatches.gather(packed, LongStream.range(0, packed.rows()).toArray());
      var apart = new Collator(64, 8).batch(rows);
      assertThat(packed.rows()).isLessThan(rows.size());
      assertThat(all.trainedTokens()).isEqualTo(apart.trainedTokens());
      double first = new Pretrainer(one, a, new TokenBatches(1, 1, packed), TinyPolicy.options(1, 1e-3)).gradients(all).loss();
      double second = new Pretrainer(two, b, new ExampleBatches<>(1, 10, rows, new Collator(64, 8)::batch), TinyPolicy.options(1, 1e-3))
          .gradients(apart).loss();
      assertThat(first).isCloseTo(second, within(1e-5));
      assertThat(TinyPolicy.gradients(one)).containsExactly(TinyPolicy.gradients(two), within(1e-5));
      one.zeroGrad();
      two.zeroGrad();
    }
  }

  @Test void anAdapterLearnsItToo() {
    try (var model = model(); var lora = Lora.apply(model, LoraConfig.of(8, 32, new Targets.AllLinear()), Rng.of(2));
        var adam = TinyPolicy.adam(lora)) {
      var batches = new ExampleBatches<>(1, 10, rows, new Collator(64, 8)::batch);
      double before = new Pretrainer(model, adam, batches, TinyPolicy.options(1, 1e-3)).gradients(batches.at(0)).loss();
      lora.zeroGrad();
      assertThat(train(model, adam, batches, 60, 2e-2)).isLessThan(before / 3);
    }
  }
}
