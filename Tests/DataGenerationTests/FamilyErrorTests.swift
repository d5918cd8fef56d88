import Testing

@testable import Stages

/// Every problem with a family is reported at its place with a way out.
@Suite struct FamilyErrorTests {
    private static let functions = """
        control:
          family: {action: [open, close], device: [lamp, door]}
          names: ["{action}_{device}"]
          parameters:
            - {}
            - room: {type: string}
        """

    private static let utterances = """
        slots: {room: [hall]}
        templates:
          control:
            - "{action} the {device}"
            - "{action} the {device} in the {room}"
        """

    private func expect(
        _ parts: String..., functions: String = Self.functions, utterances: String = Self.utterances,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        do {
            _ = try library(functions: functions, utterances: utterances)
            Issue.record("the files were accepted", sourceLocation: sourceLocation)
        } catch let failure as StageFailure {
            for part in parts {
                #expect(failure.description.contains(part), "\(failure.description)", sourceLocation: sourceLocation)
            }
        }
    }

    private func functions(_ old: String, _ new: String) -> String { Self.functions.replacing(old, with: new) }
    private func utterances(_ old: String, _ new: String) -> String { Self.utterances.replacing(old, with: new) }

    @Test func theFilesAreRightAsTheyAre() throws {
        #expect(try library(functions: Self.functions, utterances: Self.utterances).groups.count == 4)
    }

    @Test func unknownGap() throws {
        try expect(
            "error[unknown-slot]", "utterances.yaml:4:30", "'place'",
            utterances: utterances("the {device}\"\n", "the {device} {place}\"\n"))
        try expect(
            "error[unknown-argument]", "utterances.yaml:4:30", "'control' has no argument 'rom'",
            "arguments of 'control': room",
            utterances: utterances("the {device}\"\n", "the {device} {rom:room}\"\n"))
    }

    @Test func aSetOfParametersWithoutATemplate() throws {
        try expect(
            "error[missing-template]", "utterances.yaml:4:5", "functions with 'room', and no template", "{room}",
            utterances: utterances("    - \"{action} the {device} in the {room}\"", ""))
        try expect(
            "error[missing-template]", "functions with no parameters", "add one without arguments",
            utterances: utterances("    - \"{action} the {device}\"\n", ""))
    }

    @Test func aTemplateThatNoFunctionCanUse() throws {
        try expect(
            "error[unused-template]", "utterances.yaml:5:7", "has just 'room'", "there are: 'day', 'room'; no parameters",
            functions: functions("- room: {type: string}", "- {room: {type: string}, day: {type: string}}"))
    }

    @Test func aTemplateThatLeavesAWordOut() throws {
        try expect(
            "error[missing-word]", "utterances.yaml:4:7", "'device'", "add {device}",
            utterances: utterances("the {device}\"\n", "it\"\n"))
    }

    @Test func aParameterNamedLikeAWord() throws {
        try expect(
            "error[duplicate-argument]", "functions.yaml:6:7", "'device' is called like a word",
            functions: functions("room:", "device:"))
    }

    @Test func aParameterOfTwoKinds() throws {
        try expect(
            "error[duplicate-argument]", "functions.yaml:7:7", "another type", "first defined here",
            functions: Self.functions + "\n    - room: {type: integer}")
    }

    @Test func twoParametersThatMayBeCalledTheSame() throws {
        try expect(
            "error[duplicate-argument]", "'a' and 'b' may both be called 'x'",
            functions: functions("room: {type: string}", "{a: {type: string, names: [x]}, b: {type: string, names: [y, x]}}"))
    }

    @Test func namesThatDoNotTellApart() throws {
        try expect(
            "error[duplicate-function]", "functions.yaml:3:10", "are called 'open'",
            functions: functions("[\"{action}_{device}\"]", "[\"{action}\"]"))
        try expect(
            "error[unknown-word]", "functions.yaml:3:12", "'verb'", "known: action, device",
            functions: functions("{action}_", "{verb}_"))
        try expect("error[missing-field]", "no 'names'", functions: functions("  names: [\"{action}_{device}\"]\n", ""))
        try expect("error[duplicate-function]", "'open_lamp' is defined twice", functions: Self.functions + "\nopen_lamp: {}")
    }

    @Test func wordsThatAreNone() throws {
        try expect("error[duplicate-word]", "functions.yaml:2:", "'open' twice", functions: functions("close", "open"))
        try expect(
            "error[wrong-type]", "'family' must be", functions: functions("{action: [open, close], device: [lamp, door]}", "3"))
        try expect("error[wrong-type]", "'device' must be", functions: functions("[lamp, door]", "[[]]"))
        try expect("error[unknown-field]", "'required'", functions: Self.functions + "\n  required: [room]")
        try expect("error[wrong-type]", "'names' must be", functions: functions("{type: string}", "{type: string, names: []}"))
    }

    @Test func aFamilyThatIsTooLargeToMake() throws {
        let words = (0..<400).map { "w\($0)" }.joined(separator: ", ")
        try expect(
            "error[large-family]", "100000",
            functions: functions("device: [lamp, door]", "device: [\(words)], x: [\(words)]"))
    }
}
