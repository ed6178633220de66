package org.jtorch.recipes.align;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.TrainedTurns;
import org.jtorch.data.BatchSource;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.TokenRow;
import org.jtorch.decoder.Decoder;
import org.jtorch.distill.Demonstration;
import org.jtorch.distill.GkdOptions;
import org.jtorch.distill.GkdTrainer;
import org.jtorch.family.Pretrained;
import org.jtorch.observe.EvalEvent;
import org.jtorch.optim.Optimizer;
import org.jtorch.recipes.pretrain.TeacherTokenizer;
import org.jtorch.train.TrainOptions;

/// Prompts with answers, and the teacher beside the student.
final class GkdJob implements ChatLoop.Job<Decoder> {
  private final GkdRecipe recipe;
  private final ChatLoop loop;
  private final ChatModel chats;
  private final GkdOptions gkd;
  private final List<Demonstration> held;
  private final BatchSource<List<Demonstration>> batches;
  private @Nullable Decoder teacher;

  GkdJob(GkdRecipe recipe, ChatLoop loop, ChatModel chats) {
    this.recipe = recipe;
    this.loop = loop;
    this.chats = chats;
    this.gkd = recipe.options(Set.copyOf(chats.stops()));
    TeacherTokenizer.require(chats.tokenizer(), folder());
    var encoder = chats.encoder(recipe.chats(), TrainedTurns.LAST);
    int room = recipe.chats().maxTokens() - recipe.newTokens();
    var all = HeldOut.read(recipe, loop.known(), (set, problems) -> encoder.rows(set.conversations(), problems).stream()
        .map(GkdJob::demonstration).filter(d -> d.prompt().length <= room).toList(), loop.logs()::note);
    this.held = all.held();
    this.batches = ExampleBatches.mixed(recipe.seed(), recipe.train().batch(), all.train(), recipe.chats().shares(), List::copyOf);
  }

  private Path folder() {
    return loop.known().model(recipe.teacher()).folder();
  }

  /// A conversation up to its last answer, and that.
  private static Demonstration demonstration(TokenRow row) {
    float[] weights = row.weights();
    int n = row.ids().length;
    int[] learned = IntStream.range(0, n).filter(i -> weights == null ? i > 0 : weights[i] > 0).toArray();
    int from = learned.length == 0 ? n : learned[0];
    int to = learned.length == 0 ? n : learned[learned.length - 1] + 1;
    return new Demonstration(Arrays.copyOf(row.ids(), from), Arrays.copyOfRange(row.ids(), from, to));
  }

  @Override public double rows() {
    return batches.order().rows();
  }

  @SuppressWarnings("MustBeClosedChecker")                       // ownership passes to the caller
  @Override public Learner<Decoder> begin(Learner.Start start) {
    return Learner.ofLanguage(start);
  }

  @SuppressWarnings("MustBeClosedChecker")                       // closed with the job
  @Override public ChatLoop.Trained trainer(Learner<Decoder> learner, Optimizer optimizer, TrainOptions options) {
    var model = learner.model();
    if (loop.ranks().size() > 1) {
      throw new IllegalArgumentException("recipes of type gkd run in one process; leave --processes out");
    }
    var loaded = Pretrained.load(folder(), model.device(), model.dtype());
    teacher = loaded;
    var trainer = new GkdTrainer(model, loaded, optimizer, batches, options, gkd);
    return new ChatLoop.Trained(batches, trainer.spikes(), trainer::fit, step -> evaluate(trainer, model, step));
  }

  /// How far the student is from its teacher along the held-out answers, and answers to the recipe's prompts.
  private EvalEvent evaluate(GkdTrainer trainer, Decoder model, long step) {
    return new EvalEvent(step, trainer.score(held), Double.NaN, Double.NaN, loop.answers(chats, model));
  }

  @Override public void close() {
    if (teacher != null) {
      teacher.close();
    }
  }
}
