package org.jtorch.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class MeterLogTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  private double gauge(String name) {
    return registry.get(name).gauge().value();
  }

  @Test
  void metersFollowTheRun() {
    var log = MeterLog.bind(registry);
    assertThat(gauge("jtorch.loss")).isNaN();
    log.onStart(Events.start(10, 0));
    log.onStep(Events.step(1, 10));
    log.onStep(Events.step(2, 10));
    log.onEval(Events.eval(2));
    log.onSave(Events.save(2));
    assertThat(gauge("jtorch.loss")).isEqualTo(5);
    assertThat(gauge("jtorch.grad.norm")).isEqualTo(1.5);
    assertThat(gauge("jtorch.learning.rate")).isEqualTo(3e-4);
    assertThat(gauge("jtorch.tokens.per.second")).isEqualTo(2000);
    assertThat(gauge("jtorch.peak.fraction")).isEqualTo(0.5);
    assertThat(gauge("jtorch.live.tensors")).isEqualTo(42);
    assertThat(gauge("jtorch.native.objects")).isEqualTo(7);
    assertThat(gauge("jtorch.resident.bytes")).isEqualTo(1 << 30);
    assertThat(gauge("jtorch.val.bits.per.byte")).isEqualTo(1.125);
    assertThat(registry.get("jtorch.tokens").counter().count()).isEqualTo(2000);
    assertThat(registry.get("jtorch.steps").counter().count()).isEqualTo(2);
    assertThat(registry.get("jtorch.step").timer().totalTime(TimeUnit.SECONDS)).isEqualTo(1);
    assertThat(registry.get("jtorch.save").timer().count()).isEqualTo(1);
  }

  @Test
  void skippedStepsAreCountedApart() {
    var log = MeterLog.bind(registry);
    log.onStep(Events.step(1, 10));
    log.onStep(Events.skipped(2, 10));
    assertThat(registry.get("jtorch.steps.skipped").counter().count()).isEqualTo(1);
    assertThat(registry.get("jtorch.steps").counter().count()).isEqualTo(2);
  }
}
