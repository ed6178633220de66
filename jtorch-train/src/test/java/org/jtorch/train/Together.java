package org.jtorch.train;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jtorch.tensor.ranks.Ranks;

/// Ranks as threads of one process, which c10d allows: quicker than processes, the same messages.
public final class Together {
  private Together() {}

  /// What each rank's `body` answers, in the order of ranks; the first failure is thrown.
  public static <R> List<R> run(int size, Function<Ranks, R> body) throws InterruptedException, ExecutionException, IOException {
    int port = freePort();
    var answers = new ArrayList<R>();
    try (var threads = Executors.newFixedThreadPool(size)) {
      var all = new ArrayList<Future<R>>();
      for (int rank = 0; rank < size; rank++) {
        var environment = environment(rank, size, port);
        Callable<R> task = () -> {
          try (var ranks = Ranks.join(environment)) {
            return body.apply(ranks);
          }
        };
        all.add(threads.submit(task));
      }
      threads.shutdown();
      if (!threads.awaitTermination(60, TimeUnit.SECONDS)) {
        threads.shutdownNow();
      }
      for (var one : all) {
        answers.add(one.get());
      }
    }
    return answers;
  }

  public static Map<String, String> environment(int rank, int size, int port) {
    return Map.of("RANK", Integer.toString(rank), "WORLD_SIZE", Integer.toString(size), "MASTER_ADDR", "127.0.0.1", "MASTER_PORT",
        Integer.toString(port));
  }

  public static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
