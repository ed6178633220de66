package org.jtorch.recipes.report;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// `/metrics` for Prometheus, on this machine's loopback address only: a run's numbers are nobody else's business,
/// and who wants them elsewhere puts a proxy in front.
public final class PrometheusEndpoint implements AutoCloseable {
  private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer server;

  private PrometheusEndpoint(HttpServer server) {
    this.server = server;
  }

  /// Listens on `127.0.0.1:port`; port 0 takes any free one. The registry already has the JVM's memory and processor meters.
  public static PrometheusEndpoint start(int port) {
    if (port < 0 || port > 65535) {
      throw new IllegalArgumentException("metrics port " + port + " is not a port; use 1 to 65535, for instance 9464");
    }
    try {
      var address = new InetSocketAddress(InetAddress.getByAddress("localhost", new byte[] {127, 0, 0, 1}), port);
      var endpoint = new PrometheusEndpoint(HttpServer.create(address, 0));
      new JvmMemoryMetrics().bindTo(endpoint.registry);
      new ProcessorMetrics().bindTo(endpoint.registry);
      endpoint.server.createContext("/", endpoint::answer);
      endpoint.server.setExecutor(endpoint.threads);
      endpoint.server.start();
      return endpoint;
    } catch (IOException e) {
      throw new IllegalArgumentException("metrics port " + port + " cannot be opened (" + e.getMessage()
          + "); another run may use it: try " + (port < 65535 ? port + 1 : 9464) + ", or 0 for any free port", e);
    }
  }

  /// Where listeners register their meters.
  public MeterRegistry registry() {
    return registry;
  }

  public int port() {
    return server.getAddress().getPort();
  }

  /// The address to give to Prometheus.
  public URI uri() {
    return URI.create("http://127.0.0.1:" + port() + "/metrics");
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (!exchange.getRequestURI().getPath().equals("/metrics")) {
        send(exchange, 404, "text/plain; charset=utf-8", "The numbers are at /metrics\n");
      } else if (!exchange.getRequestMethod().equals("GET")) {
        exchange.getResponseHeaders().set("Allow", "GET");
        send(exchange, 405, "text/plain; charset=utf-8", "Only GET\n");
      } else {
        send(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", registry.scrape());
      }
    }
  }

  private static void send(HttpExchange exchange, int status, String type, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
    registry.close();
  }
}
