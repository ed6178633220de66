package org.jtorch.recipes.pretrain;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.data.Batch;
import org.jtorch.data.BatchSource;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.io.JsonFile;
import org.jtorch.longcontext.CheckpointedTrainer;
import org.jtorch.longcontext.Rung;
import org.jtorch.optim.Optimizer;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.RecipeType.RunArgs;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.RunLogs;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Checkpoint;
import org.jtorch.train.ModelFolder;
import org.jtorch.train.TrainOptions;

/// Model, optimizer and rows of an `extend` run at each of its lengths.
final class ExtendParts implements CheckpointedTrainer.Parts, AutoCloseable {
  private final ExtendRecipe recipe;
  private final Artifacts known;
  private final RunFolder run;
  private final RunLogs logs;
  private final Ranks ranks;
  private final int vocab;
  private final Device device;
  private final DType dtype;
  private final double peak;
  private final List<Corpus> open = new ArrayList<>();

  ExtendParts(ExtendRecipe recipe, RunArgs args, RunFolder run, RunLogs logs, Corpus corpus) {
    this.recipe = recipe;
    this.known = args.known();
    this.run = run;
    this.logs = logs;
    this.ranks = args.ranks();
    this.vocab = corpus.tokenizer().vocabSize();
    this.device = PretrainRun.device(recipe.before(), ranks);
    this.dtype = ranks.afterFirst(() -> run.dtype(device, () -> TrainedType.of(setup(null), device, logs::note)));
    this.peak = ranks.afterFirst(() -> ranks.isFirst() ? MachineSpeed.flops(device, dtype) : 0);
  }

  /// What the machine's products reach.
  double peak() {
    return peak;
  }

  /// Of the model as it was before the extension.
  DecoderConfig shape() {
    return Shapes.of(setup(null), vocab);
  }

  TrainOptions options() {
    long most = recipe.ladder().size() * recipe.mostSteps();
    return PretrainRun.options(recipe.at(recipe.ladder().getLast(), most), most);
  }

  private Setup setup(@Nullable Rung rung) {
    var at = rung == null ? recipe.before()
        : recipe.at(recipe.ladder().stream().filter(length -> length.length() == rung.length()).findFirst().orElseThrow(), 1);
    return new Setup(at, known);
  }

  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the trainer
  @Override public Decoder model(@Nullable Rung rung) {
    var setup = setup(rung);
    return Shapes.build(setup, Shapes.of(setup, vocab), device, dtype);
  }

  @Override public Optimizer optimizer(Decoder model) {
    var optimizer = recipe.optimizer().over(model, recipe.train().learningRate());
    if (Checkpoint.all(run.checkpoints()).isEmpty()) {
      PretrainRun.takeOver(setup(null), optimizer, model, logs::note);
    }
    return optimizer;
  }

  @SuppressWarnings("MustBeClosedChecker")     // closed with the rest
  @Override public BatchSource<Batch> batches(Rung rung) {
    var corpus = Corpus.open(setup(rung), run);
    open.add(corpus);
    return corpus.batches();
  }

  /// The tokenizer that goes along says how long a text may be.
  @Override public ModelFolder folder(Decoder model) {
    var usual = ModelFolder.of(model, RunTokenizer.of(run));
    int length = model.maxPositions();
    return new ModelFolder(usual.weights(), usual.file(), into -> {
      usual.writer().write(into);
      Path config = into.resolve("tokenizer_config.json");
      if (Files.exists(config) && JsonFile.open(config).node() instanceof ObjectNode node) {
        JsonFile.write(config, node.put(RunTokenizer.LONGEST, length));
      }
    }, usual.parts());
  }

  @Override public void close() {
    open.forEach(Corpus::close);
    open.clear();
  }
}
