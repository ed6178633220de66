package org.jtorch.tensor.ranks;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which process of how many this is and where they meet, as torchrun's environment variables say it.
///
/// @param address and port of the store in which the processes find each other
/// @param hosted true if somebody else (torchrun's agent) keeps that store; otherwise rank 0 does
/// @param attempt counts restarts, so that the names of a dead attempt are not found
record RankEnvironment(int rank, int size, int localRank, String address, int port, boolean hosted, String attempt) {
  static RankEnvironment of(Map<String, String> environment) {
    int size = number(environment, "WORLD_SIZE", "1", 1, Integer.MAX_VALUE);
    if (size == 1) {
      return new RankEnvironment(0, 1, 0, "", 0, false, "0");
    }
    int rank = number(environment, "RANK", null, 0, size - 1);
    return new RankEnvironment(rank, size, number(environment, "LOCAL_RANK", Integer.toString(rank), 0, size - 1),
        text(environment, "MASTER_ADDR", "127.0.0.1"), number(environment, "MASTER_PORT", "29500", 1, 65_535),
        text(environment, "TORCHELASTIC_USE_AGENT_STORE", "False").equalsIgnoreCase("true"),
        text(environment, "TORCHELASTIC_RESTART_COUNT", "0"));
  }

  private static String text(Map<String, String> environment, String key, String otherwise) {
    String value = environment.get(key);
    return value == null || value.isBlank() ? otherwise : value.strip();
  }

  private static int number(Map<String, String> environment, String key, @Nullable String otherwise, int least,
      int most) {
    String value = environment.get(key);
    if (value == null || value.isBlank()) {
      if (otherwise == null) {
        throw new IllegalArgumentException("the environment says WORLD_SIZE=" + environment.get("WORLD_SIZE") + " but not " + key
            + ", which of them this process is; e.g. " + key + "=0, or start all with jtorch run --processes N");
      }
      value = otherwise;
    }
    try {
      int n = Integer.parseInt(value.strip());
      if (n >= least && n <= most) {
        return n;
      }
    } catch (NumberFormatException _) {
      // said below, with what would work
    }
    throw new IllegalArgumentException("the environment variable " + key + " is \"" + value + "\" but must be a whole number from "
        + least + " to " + most + "; e.g. " + key + "=" + least);
  }

  boolean isLocal() {
    return address.equals("localhost") || address.startsWith("127.") || address.equals("::1");
  }
}
