package org.jtorch.recipes.align;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.Problems;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.sampling.RejectionSampling;
import org.jtorch.align.sampling.SampleFiles;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.observe.RunStart;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.recipes.pretrain.TrainedType;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.TensorScope;

/// Has the models of a run answer, each with its own draws, one in memory at a time. A step is a batch of one model's answers, which is on the
/// disk when the next begins.
final class Speaking {
  private static final long APART = 0x5851F42D4C957F2DL;
  private final MembersRun it;
  private final Rewards rewards;
  private final Rewards checkers;
  private final long[] steps;
  private @Nullable StepListener log;

  /// @param asked how many prompts each model answers
  Speaking(MembersRun it, Rewards rewards, Rewards checkers, int[] asked) {
    this.it = it;
    this.rewards = rewards;
    this.checkers = checkers;
    this.steps = IntStream.of(asked).mapToLong(n -> Math.ceilDiv((long) n, it.recipe().draw().batch())).toArray();
  }

  /// Goes on behind what is in the files.
  ///
  /// @return false if it was asked to stop before the end
  boolean answer(int index, Voices.Voice voice, List<Prompt> prompts, SampleFiles files) {
    var recipe = it.recipe();
    Path folder = voice.model().folder();
    Device device = Device.parse(recipe.device());
    DType dtype = it.run().dtype(device, () -> TrainedType.of(recipe.dtype(), folder, device, it.logs()::note));
    try (var chats = ChatModel.open(folder, recipe.prompts().template()); var model = Pretrained.load(folder, device, dtype)) {
      var encoder = recipe.prompts().encoder(chats);
      var own = prompts.stream().map(p -> new Prompt(p.chat(), encoder.prompt(p.chat(), p.place(), new Problems()).orElseThrow(
          () -> new DataException(p.place() + ": the prompt is too long for " + voice.name() + "; raise `prompts.max_tokens`")), p.solution(),
          p.topic(), p.place())).toList();
      var drawing = recipe.draw().drawing(Set.copyOf(chats.stops()), recipe.seed() + index * APART);
      var sampling = new RejectionSampling(model, encoder, rewards.sum(), recipe.keep().criteria(checkers), drawing);
      long before = IntStream.range(0, index).mapToLong(m -> steps[m]).sum();
      var listener = begin(before + files.begin(drawing.batch(), own.size()), model.parameterCount());
      it.logs().note(voice.name() + " answers " + own.size() + " prompts");
      return sampling.run(own, files, (batch, tokens, seconds, figures) -> listener.onStep(new StepEvent(before + batch, total(), Double.NaN,
          Double.NaN, Double.NaN, tokens, seconds, false, TensorScope.stats().live(), 0, 0, 0, figures)), it.interruption()::isAsked);
    }
  }

  private long total() {
    return IntStream.range(0, steps.length).mapToLong(m -> steps[m]).sum();
  }

  private StepListener begin(long begun, long parameters) {
    if (log == null) {
      it.interruption().loopBegins();
      log = it.logs().open(begun);
      log.onStart(new RunStart(it.recipe().name(), total(), begun, parameters, 2.0 * parameters, 0));
    }
    return log;
  }
}
