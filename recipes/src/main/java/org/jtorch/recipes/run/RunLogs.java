package org.jtorch.recipes.run;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.observe.BusyWatch;
import org.jtorch.observe.ConsoleLog;
import org.jtorch.observe.JsonlLog;
import org.jtorch.observe.MeterLog;
import org.jtorch.observe.ProcessorTime;
import org.jtorch.observe.RunEnd;
import org.jtorch.observe.StepListener;
import org.jtorch.observe.StepListeners;
import org.jtorch.observe.TensorBoardLog;
import org.jtorch.recipes.report.PrometheusEndpoint;
import org.jtorch.tensor.TorchInfo;

/// Everything that hears of a run: the terminal, metrics.jsonl, TensorBoard, meters.
public final class RunLogs implements AutoCloseable {
  private final RunFolder run;
  private final Metrics metrics;
  private final ConsoleLog console;
  private final boolean first;
  private @Nullable PrometheusEndpoint endpoint;
  private volatile @Nullable StepListener all;
  private final List<String> early = new ArrayList<>();
  private final long started = System.nanoTime();

  /// @param first false in a rank other than the first, which says and writes nothing
  public RunLogs(RunFolder run, Metrics metrics, ConsoleLog console, boolean first) {
    this.first = first;
    this.run = run;
    this.metrics = metrics;
    this.console = console;
  }

  /// Says something; what is said before the files are open goes into them when they are.
  public void note(String text) {
    var open = all;
    if (open != null) {
      open.onNote(text);
    } else if (first) {
      early.add(text);
      console.onNote(text);
    }
  }

  /// Opens the files, dropping what a killed run wrote after the step that it goes on from.
  public StepListener open(long startStep) {
    if (!first) {
      return new StepListener() {};
    }
    var file = JsonlLog.open(run.metrics(), startStep);
    early.forEach(file::onNote);
    var list = new ArrayList<StepListener>(List.of(console, file, MeterLog.bind(registry()),
        new BusyWatch(ProcessorTime::now, System::nanoTime, TorchInfo.threads(), console::onNote)));
    if (metrics.tensorboard()) {
      list.add(TensorBoardLog.open(run.tensorboard(), startStep));
    }
    var opened = StepListeners.all(list);
    all = opened;
    return opened;
  }

  /// The run ends.
  ///
  /// @param outcome one word or sentence
  public void ended(String outcome) {
    var open = all;
    if (open != null) {
      open.onEnd(new RunEnd(outcome, (System.nanoTime() - started) / 1e9));
    }
  }

  private MeterRegistry registry() {
    if (metrics.prometheusPort() == null) {
      return new SimpleMeterRegistry();
    }
    var server = PrometheusEndpoint.start(metrics.prometheusPort());
    endpoint = server;
    console.onNote("meters at " + server.uri());
    return server.registry();
  }

  @Override public void close() {
    var open = all;
    all = null;
    if (open != null) {
      open.close();
    }
    if (endpoint != null) {
      endpoint.close();
    }
  }
}
