package org.jtorch.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.TokenRow;
import org.jtorch.decoder.Decoder;
import org.jtorch.distill.Teaching;
import org.jtorch.family.Pretrained;
import org.jtorch.io.AtomicFolder;
import org.jtorch.loss.Distillation;
import org.jtorch.loss.Divergence;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.text.Tokenizer;
import org.jtorch.train.Hooks;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.Progress;
import org.jtorch.train.TrainOptions;

/// Teaches a student of half the layers what the model in a Hugging Face folder makes of a text.
public final class Distil {
  private static final int SEQ = 128;

  private Distil() {}

  /// @param args the teacher's folder, a text file, the student's folder, which is written
  public static void main(String... args) throws IOException {
    train(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]), TrainOptions.of(200, 1e-3, new Schedule.Cosine(10, 200, 0.1)));
  }

  /// @return how far the student was from its teacher in each step, in nats a token
  static List<Double> train(Path home, Path text, Path out, TrainOptions options) throws IOException {
    var distances = new ArrayList<Double>();
    try (var tokenizer = Tokenizer.load(home); var teacher = Pretrained.load(home, Device.best(), null);
         var student = Decoder.create(teacher.config().withLayers(Math.max(1, teacher.config().layers() / 2)), teacher.device(), teacher.dtype(),
             Rng.of(1))) {
      student.requiresGrad(true);
      long[] ids = tokenizer.encodeText(Files.readString(text));
      var rows = new ArrayList<TokenRow>();
      for (int from = 0; from + 1 < ids.length; from += SEQ) {
        rows.add(TokenRow.of(Arrays.copyOfRange(ids, from, Math.min(from + SEQ, ids.length))));
      }
      var batches = new ExampleBatches<>(1, Math.min(8, rows.size()), rows, new Collator(SEQ, 8)::batch);
      var loss = Teaching.beside(teacher, t -> new Distillation(t, new Divergence.ForwardKl()));
      var log = new StepListener() {
        @Override public void onStep(StepEvent step) {
          distances.add(step.loss());
          IO.println("step %d  distance %.4f".formatted(step.step(), step.loss()));
        }
      };
      var hooks = new Hooks(step -> new EvalEvent(step, Double.NaN, 0, 0, List.of()), _ -> {}, () -> false);
      try (var optimizer = AdamW.over(student.parameters(), 0.1, AdamW.Options.DEFAULT)) {
        new Pretrainer(student, optimizer, batches, options, loss, Ranks.ALONE).fit(Progress.START, log, hooks);
      }
      AtomicFolder.publish(out, into -> Pretrained.save(student, into, student.dtype(), home));    // the tokenizer goes along
    }
    return distances;
  }
}
