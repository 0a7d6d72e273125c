package dev.nido.cli;

import static dev.nido.cli.EscapeKeys.Action.HELP;
import static dev.nido.cli.EscapeKeys.Action.MONITOR;
import static dev.nido.cli.EscapeKeys.Action.QUIT;
import static dev.nido.cli.EscapeKeys.Action.SEND;
import static dev.nido.cli.EscapeKeys.Action.WAIT;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class EscapeKeysTest {
    private static List<EscapeKeys.Action> typed(String keys) {
        EscapeKeys escape = new EscapeKeys();
        List<EscapeKeys.Action> actions = new ArrayList<>();
        keys.chars().forEach(key -> actions.add(escape.key(key)));
        return actions;
    }

    @Test
    void ordinaryKeysGoToTheGuest() {
        assertThat(typed("x\003")).containsExactly(SEND, SEND);
    }

    @Test
    void controlAStartsACommandOfOneKey() {
        assertThat(typed("\001xx")).containsExactly(WAIT, QUIT, SEND);
        assertThat(typed("\001c")).containsExactly(WAIT, MONITOR);
        assertThat(typed("\001h")).containsExactly(WAIT, HELP);
    }

    @Test
    void controlATwiceSendsOne() {
        assertThat(typed("\001\001x")).containsExactly(WAIT, SEND, SEND);
    }

    @Test
    void unknownCommandIsSwallowed() {
        assertThat(typed("\001zx")).containsExactly(WAIT, WAIT, SEND);
    }
}
