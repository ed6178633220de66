package org.jtorch.recipes.run;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jtorch.io.AtomicFile;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.train.ModelFolder;

/// Where a run keeps everything: the resolved recipe, tokens, metrics, checkpoints, the report and what it leaves.
///
/// @param result the name of what it leaves, a model as a rule; the run is finished when that is there
public record RunFolder(Path path, String result) {
  private static final String MODEL = "model";
  private static final String ADAPTER = "adapter";

  /// Of a run that leaves a model.
  public RunFolder(Path path) {
    this(path, MODEL);
  }

  /// Of a run that leaves an adapter and no model.
  public static RunFolder ofAdapter(Path path) {
    return new RunFolder(path, ADAPTER);
  }

  /// What the run leaves.
  public Path left() {
    return path.resolve(result);
  }

  public Path recipe() {
    return path.resolve("resolved.yaml");
  }

  /// Held by the process that runs here; see [RunLock].
  public Path lock() {
    return path.resolve(".lock");
  }

  public Path settings() {
    return path.resolve("run.json");
  }

  public Path data() {
    return path.resolve("data");
  }

  public Path metrics() {
    return path.resolve("metrics.jsonl");
  }

  public Path tensorboard() {
    return path.resolve("tensorboard");
  }

  public Path checkpoints() {
    return path.resolve("checkpoints");
  }

  public Path report() {
    return path.resolve("report.html");
  }

  /// What the report shows of a run that is no loop, as HTML: tables of results.
  public Path part() {
    return path.resolve("part.html");
  }

  /// Pictures that the report shows, as SVG files.
  public Path figures() {
    return path.resolve("figures");
  }

  /// Rows that the run trains on, as HTML for its report.
  public Path rows() {
    return path.resolve("rows.html");
  }

  /// Where what a change of course leaves behind goes; see [SetAside].
  public Path setAside() {
    return path.resolve("set-aside");
  }

  /// The finished model, a Hugging Face folder.
  public Path model() {
    return path.resolve(MODEL);
  }

  /// The adapter that was trained, a folder of PEFT's; beside the model if there is one.
  public Path adapter() {
    return path.resolve(ADAPTER);
  }

  public void create() {
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw new DataException("could not create the run folder " + path + ": " + e.getMessage(), e);
    }
  }

  /// The type that weights have, chosen once: a resumed run goes on in the type it began with, whatever this machine would
  /// choose.
  public DType dtype(Device device, Supplier<DType> choose) {
    if (Files.exists(settings())) {
      return DType.parse(JsonFile.open(settings()).requiredString("dtype"));
    }
    DType chosen = choose.get();
    JsonFile.write(settings(), JsonNodeFactory.instance.objectNode().put("dtype", chosen.toString()).put("device", device.toString()));
    return chosen;
  }

  /// Publishes what was trained, without the training state, unless it is there.
  public void publish(ModelFolder trained) {
    publish(trained, model());
  }

  /// Publishes the adapter that was trained, unless it is there.
  public void publishAdapter(ModelFolder trained) {
    publish(trained, adapter());
  }

  private static void publish(ModelFolder trained, Path folder) {
    if (!Files.exists(folder)) {
      AtomicFolder.publish(folder, trained.bytes(), into -> trained.writer().write(into));
    }
  }

  /// Writes a small file whole or not at all.
  public static void write(Path file, String text) {
    AtomicFile.write(file, text);
  }
}
