package org.jtorch.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.TokenRow;
import org.jtorch.decoder.Decoder;
import org.jtorch.eval.Continuation;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.ModelScorer;
import org.jtorch.eval.PromptEncoder;
import org.jtorch.eval.needle.Haystacks;
import org.jtorch.eval.needle.NeedleGrid;
import org.jtorch.eval.needle.NeedleText;
import org.jtorch.eval.stats.Estimate;
import org.jtorch.family.Pretrained;
import org.jtorch.io.AtomicFolder;
import org.jtorch.longcontext.CheckpointedTrainer;
import org.jtorch.longcontext.ContextExtension;
import org.jtorch.longcontext.ExtensionLog;
import org.jtorch.longcontext.FolderParts;
import org.jtorch.longcontext.Gate;
import org.jtorch.longcontext.NeedleContext;
import org.jtorch.longcontext.Rung;
import org.jtorch.longcontext.ShortContext.Score;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.Device;
import org.jtorch.text.Tokenizer;
import org.jtorch.train.Retention;
import org.jtorch.train.TrainOptions;

/// Extends the context of the model in a Hugging Face folder to twice and four times its length, behind a gate.
public final class Extend {
  private Extend() {}

  /// @param args the model's folder, a text file, a folder to work in, which has the longer model at the end
  public static void main(String... args) throws IOException {
    int trained = Pretrained.config(Path.of(args[0])).maxPositions();
    var ladder = List.of(new Rung(2 * trained, 100_000), new Rung(4 * trained, 1_000_000));
    int batch = 8 * 4 * trained;
    var gate = new Gate(50L * batch, 500L * batch, null, Gate.Failed.ROLL_BACK);
    IO.println(extend(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]), ladder, gate));
  }

  static ContextExtension.Outcome extend(Path home, Path text, Path out, List<Rung> ladder, Gate gate) throws IOException {
    int trained = Pretrained.config(home).maxPositions();
    int batch = 8 * ladder.getLast().length();
    try (var tokenizer = Tokenizer.load(home)) {
      String all = Files.readString(text);
      long[] ids = tokenizer.encodeText(all);
      int cut = ids.length - ids.length / 10;                                 // the last tenth is held out
      var parts = new FolderParts(home, Device.best(), model -> AdamW.over(model.parameters(), 0.1, AdamW.Options.DEFAULT),
          rung -> new ExampleBatches<>(1, batch / rung.length(), pieces(ids, 0, cut, rung.length()).map(TokenRow::of).toList(),
              new Collator(rung.length(), 8)::batch));
      var plan = new CheckpointedTrainer.Plan(out, Retention.newest(2), batch, TrainOptions.of(1, 1e-4, new Schedule.Constant(10)));
      try (var trainer = new CheckpointedTrainer(parts, plan, CheckpointedTrainer.Surroundings.NONE)) {
        var lengths = IntStream.concat(IntStream.of(trained), ladder.stream().mapToInt(Rung::length)).boxed().toList();
        var needles = new NeedleText(new PromptEncoder(tokenizer, true, ids[0]), all, NeedleText.NEEDLE, NeedleText.QUESTION, NeedleText.WORDS);
        var longContext = new NeedleContext(() -> new ModelScorer(trainer.model()), new NeedleGrid(lengths, 1), needles, Haystacks.How.WRITTEN,
            _ -> {});
        var heldOut = pieces(ids, cut, ids.length, trained).toList();
        var extension = new ContextExtension(ladder, gate, trainer, () -> score(trainer.model(), heldOut), longContext);
        var log = ExtensionLog.at(out.resolve("extension.json"));             // another run goes on from there
        log.tell(decision -> IO.println(decision.toString()));
        extension.goOn(log, plan.tokens());
        var outcome = extension.run(log);
        AtomicFolder.publish(out.resolve("model"), into -> Pretrained.save(trainer.model(), into, trainer.model().dtype(), home));
        return outcome;
      }
    }
  }

  /// Nats per token of pieces as long as the model knew them before.
  private static Score score(Decoder model, List<long[]> heldOut) {
    var asked = heldOut.stream().map(p -> new Continuation(Arrays.copyOf(p, 1), Arrays.copyOfRange(p, 1, p.length))).toList();
    var found = new ModelScorer(model).likelihoods(asked, EvalProgress.NONE);
    var mean = Estimate.mean(IntStream.range(0, asked.size()).mapToDouble(i -> -found.get(i).logProb() / asked.get(i).tokens().length).toArray());
    return Score.loss(mean.value(), mean.standardError());
  }

  private static Stream<long[]> pieces(long[] ids, int start, int end, int length) {
    return IntStream.range(0, (end - start) / length).mapToObj(i -> Arrays.copyOfRange(ids, start + i * length, start + (i + 1) * length));
  }
}
