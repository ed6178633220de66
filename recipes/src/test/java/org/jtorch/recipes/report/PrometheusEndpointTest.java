package org.jtorch.recipes.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.MeterLog;
import org.jtorch.observe.RunStart;
import org.jtorch.observe.SaveEvent;
import org.jtorch.observe.StepEvent;
import org.junit.jupiter.api.Test;

class PrometheusEndpointTest {
  private static HttpResponse<String> send(String method, URI uri) throws IOException, InterruptedException {
    try (var client = HttpClient.newHttpClient()) {
      var request = HttpRequest.newBuilder(uri).method(method, HttpRequest.BodyPublishers.noBody()).build();
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void metersOfARunAreServedAsText() throws Exception {
    try (var endpoint = PrometheusEndpoint.start(0)) {
      var log = MeterLog.bind(endpoint.registry());
      log.onStart(new RunStart("tiny", 10, 0, 1, 6e6, 24e9));
      log.onStep(new StepEvent(1, 10, 4.5, 1.5, 3e-4, 1000, 0.5, true, 42, 7, 1024));
      log.onEval(new EvalEvent(1, 3.25, 1.125, 25.8, List.of()));
      log.onSave(new SaveEvent(1, Path.of("step-1"), 0.25, 1));
      var response = send("GET", endpoint.uri());
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.headers().firstValue("Content-Type")).hasValueSatisfying(t -> assertThat(t).startsWith("text/plain"));
      assertThat(response.body().lines()).contains(
          "jtorch_loss 4.5", "jtorch_grad_norm 1.5", "jtorch_learning_rate 3.0E-4", "jtorch_tokens_per_second 2000.0",
          "jtorch_peak_fraction 0.5", "jtorch_live_tensors 42.0", "jtorch_native_objects 7.0",
          "jtorch_resident_bytes 1024.0", "jtorch_val_bits_per_byte 1.125", "jtorch_tokens_total 1000.0",
          "jtorch_steps_total 1.0", "jtorch_steps_skipped_total 1.0", "jtorch_step_seconds_sum 0.5",
          "jtorch_save_seconds_count 1");
      assertThat(response.body()).contains("jvm_memory_used_bytes");
    }
  }

  @Test
  void otherPathsAndMethodsAreRefused() throws Exception {
    try (var endpoint = PrometheusEndpoint.start(0)) {
      assertThat(endpoint.uri().getHost()).isEqualTo("127.0.0.1");
      assertThat(send("GET", endpoint.uri().resolve("/")).statusCode()).isEqualTo(404);
      assertThat(send("GET", endpoint.uri().resolve("/metrics/../secret")).statusCode()).isEqualTo(404);
      assertThat(send("POST", endpoint.uri()).statusCode()).isEqualTo(405);
    }
  }

  @Test
  void usedOrImpossiblePortNamesANeighbour() {
    try (var endpoint = PrometheusEndpoint.start(0)) {
      int port = endpoint.port();
      assertThatThrownBy(() -> PrometheusEndpoint.start(port).close()).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("metrics port " + port).hasMessageContaining("try ");
    }
    assertThatThrownBy(() -> PrometheusEndpoint.start(70_000).close()).hasMessageContaining("70000")
        .hasMessageContaining("9464");
  }

  @Test
  void closeFreesThePort() {
    int port;
    try (var endpoint = PrometheusEndpoint.start(0)) {
      port = endpoint.port();
    }
    try (var again = PrometheusEndpoint.start(port)) {
      assertThat(again.port()).isEqualTo(port);
    }
  }
}
