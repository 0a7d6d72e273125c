package dev.nido.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.core.domain.TryCatchBlock;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

import dev.nido.machine.MachineConfig;
import dev.nido.machine.PhysicalMemory;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The arrows between rooms, and rules of style that a compiler does not hold. */
class ArchitectureTest {
    private static final JavaClasses ALL =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("dev.nido");

    @ParameterizedTest
    @CsvSource({
        "arch, 'java..,dev.nido.arch..'",
        "isa, 'java..,dev.nido.arch..,dev.nido.isa..'",
        "machine, 'java..,jdk.internal.misc..,dev.nido.arch..,dev.nido.isa..,dev.nido.machine..'",
        "kvm, 'java..,dev.nido.arch..,dev.nido.isa..,dev.nido.machine..,dev.nido.kvm..'",
        "observe, 'java..,jdk.jfr..,dev.nido.arch..,dev.nido.machine..,dev.nido.kvm..,dev.nido.observe..'",
    })
    void roomUsesOnlyTheJdkAndTheRoomsBelowIt(String room, String allowed) {
        classes()
                .that()
                .resideInAPackage("dev.nido." + room + "..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(allowed.split(","))
                .allowEmptyShould(true)
                .check(ALL);
    }

    @Test
    void boardKnowsNeitherTheCommandLineNorWhatIsAboveIt() {
        noClasses()
                .that()
                .resideInAPackage("dev.nido.board..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.nido.cli..",
                        "dev.nido.bench..",
                        "dev.nido.observe..",
                        "dev.nido.junit..")
                .allowEmptyShould(true)
                .check(ALL);
    }

    @Test
    void boardSeesNoPageTable() {
        noClasses()
                .that()
                .resideInAPackage("dev.nido.board..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.nido.kvm.pgtable..")
                .check(ALL);
    }

    /**
     * Devices and loaders have {@code GuestMemory}, which asks whose a page is, and nothing else.
     */
    @Test
    void boardReachesGuestMemoryInOneWay() {
        noClasses()
                .that()
                .resideInAPackage("dev.nido.board..")
                .and()
                .haveNameNotMatching("dev\\.nido\\.board\\.(Bare|Hosted)(Memory|Platform)")
                .and()
                // It looks at the machines from outside.
                .resideOutsideOfPackage("dev.nido.board.compare..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.nido.kvm.mmu..")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(PhysicalMemory.class)
                .check(ALL);
    }

    /** The hypervisor is named in no file below it, not even in a comment. */
    @Test
    void machineDoesNotKnowWhatRunsAtItsHighestLevel() throws IOException {
        List<String> named = new ArrayList<>();
        Path root = Path.of(System.getProperty("nido.root"));
        for (String room : List.of("isa", "machine")) {
            try (Stream<Path> files = Files.walk(root.resolve(room).resolve("src/main/java"))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    if (Files.readString(file).toLowerCase(Locale.ROOT).contains("kvm")) {
                        named.add(root.relativize(file).toString());
                    }
                }
            }
        }
        assertThat(named).isEmpty();
    }

    /** A kernel developer finds the way in a minute. */
    @Test
    void everyPublicTypeOfTheHypervisorNamesItsCounterpart() throws IOException {
        Pattern type =
                Pattern.compile(
                        "^public (?:(?:final|sealed|abstract) )*(?:class|interface|record|enum) ",
                        Pattern.MULTILINE);
        Pattern counterpart = Pattern.compile("(?i)kvm|\\bstruct ");
        List<String> silent = new ArrayList<>();
        Path root = Path.of(System.getProperty("nido.root")).resolve("kvm/src/main/java");
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                String source = Files.readString(file);
                Matcher declaration = type.matcher(source);
                if (!declaration.find()) {
                    continue;
                }
                String before = source.substring(0, declaration.start());
                String comment = before.substring(Math.max(0, before.lastIndexOf("/**")));
                if (!counterpart.matcher(comment).find()) {
                    silent.add(root.relativize(file).toString());
                }
            }
        }
        assertThat(silent).isEmpty();
    }

    /**
     * Whether an entry to EL2 goes to a vector or returns to software outside of memory is asked in
     * one place, so that nothing else can differ between the two.
     */
    @Test
    void oneMethodOfTheMachineKnowsHowEl2IsEntered() {
        Set<String> askConfiguration = new TreeSet<>();
        Set<String> askPe = new TreeSet<>();
        for (JavaClass type : ALL) {
            if (!type.getPackageName().startsWith("dev.nido.machine")) {
                continue;
            }
            type.getMethodCallsFromSelf().stream()
                    .filter(call -> call.getTarget().getName().equals("vectorEntry"))
                    .filter(call -> call.getTargetOwner().isEquivalentTo(MachineConfig.class))
                    .filter(call -> !call.getOriginOwner().equals(call.getTargetOwner()))
                    .forEach(call -> askConfiguration.add(call.getOrigin().getFullName()));
            type.getFieldAccessesFromSelf().stream()
                    .filter(a -> a.getTarget().getName().equals("returnsFromEl2Entry"))
                    .filter(a -> a.getAccessType() == JavaFieldAccess.AccessType.GET)
                    .forEach(a -> askPe.add(a.getOrigin().getFullName()));
        }
        assertThat(askConfiguration).hasSize(1).allMatch(m -> m.contains(".Pe.<init>"));
        assertThat(askPe).hasSize(1).allMatch(m -> m.contains(".ExceptionEntry."));
    }

    @Test
    void noClassIsADrawer() {
        noClasses().should().haveNameMatching(".*(Utils?|Helpers?|Common|Manager)").check(ALL);
    }

    @Test
    void nothingOutsideTheCommandLineCatchesEverything() {
        classes()
                .that()
                .resideOutsideOfPackages("dev.nido.cli..")
                .should(catchNothingWiderThanItsMatter())
                .allowEmptyShould(true)
                .check(ALL);
    }

    @Test
    void everyMethodOfMachineAndHypervisorIsSmallEnoughForTheCompiler() throws IOException {
        List<String> tooLong = new ArrayList<>();
        for (JavaClass type : ALL) {
            String room = type.getPackageName();
            if (!room.startsWith("dev.nido.machine") && !room.startsWith("dev.nido.kvm")) {
                continue;
            }
            String file = "/" + type.getName().replace('.', '/') + ".class";
            try (InputStream in = ArchitectureTest.class.getResourceAsStream(file)) {
                ClassFile.of().parse(in.readAllBytes()).methods().stream()
                        .filter(m -> !m.methodName().equalsString("<clinit>"))
                        .filter(m ->
                                m.findAttribute(java.lang.classfile.Attributes.code())
                                        .map(code -> code.codeLength() >= 8000)
                                        .orElse(false))
                        .forEach(m -> tooLong.add(type.getName() + "." + m.methodName()));
            }
        }
        assertThat(tooLong).isEmpty();
    }

    private static ArchCondition<JavaClass> catchNothingWiderThanItsMatter() {
        Set<String> wide = Set.of("java.lang.Exception", "java.lang.RuntimeException");
        return new ArchCondition<>("catch neither Exception nor RuntimeException") {
            /**
             * {@code RuntimeException | Error}, to throw them on, is how a method handle is called.
             */
            private boolean isWide(TryCatchBlock block, Set<String> wide) {
                Set<String> caught =
                        block.getCaughtThrowables().stream()
                                .map(JavaClass::getName)
                                .collect(Collectors.toSet());
                return !caught.contains("java.lang.Error")
                        && caught.stream().anyMatch(wide::contains);
            }

            @Override
            public void check(JavaClass type, ConditionEvents events) {
                type.getCodeUnits().stream()
                        .flatMap(unit -> unit.getTryCatchBlocks().stream())
                        .filter(block -> isWide(block, wide))
                        .forEach(block ->
                                events.add(
                                        SimpleConditionEvent.violated(
                                                type, block.getSourceCodeLocation().toString())));
            }
        };
    }
}
