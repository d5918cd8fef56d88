import Stages
import Testing

/// Every problem is reported at its place with a way out.
@Suite struct TemplateErrorTests {
    private let functions = """
        set_light:
          parameters:
            room: {type: string, enum: [kitchen, hall]}
            level: {type: integer}
        """

    private func failure(_ utterances: String, functions: String? = nil) throws -> String {
        do {
            _ = try library(functions: functions ?? self.functions, utterances: utterances)
        } catch let failure as StageFailure {
            return failure.description
        }
        Issue.record("the files were accepted")
        return ""
    }

    private func expect(_ parts: String..., in text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        for part in parts { #expect(text.contains(part), "\(text)", sourceLocation: sourceLocation) }
    }

    @Test func unknownSlot() throws {
        let text = try failure(
            """
            slots: {room: [hall], level: [5]}
            templates:
              set_light:
                - "light {rom} at {level}"
            """)
        expect("error[unknown-slot]", "utterances.yaml:4:14", "'rom'", "known: level, room", in: text)
    }

    @Test func unknownFunction() throws {
        let text = try failure("templates:\n  set_lamp: [\"light\"]\n")
        expect("error[unknown-function]", "utterances.yaml:2:3", "'set_lamp'", "known: set_light", in: text)
    }

    @Test func unknownArgument() throws {
        let text = try failure(
            """
            slots: {place: [hall], level: [5]}
            templates:
              set_light:
                - "light {place} at {level}"
            """)
        expect("error[unknown-argument]", "utterances.yaml:4:14", "{argument:slot}", "level, room", in: text)
    }

    @Test func unknownFixedArgument() throws {
        let text = try failure(
            """
            slots: {room: [hall], level: [5]}
            templates:
              set_light:
                - {text: "light {room} at {level}", arguments: {colour: red}}
            """)
        expect("error[unknown-argument]", "utterances.yaml:4:", "'colour'", in: text)
    }

    @Test func valueOutsideEnumNamesTheValueAndItsUse() throws {
        let text = try failure(
            """
            slots: {room: [hall, attic], level: [5]}
            templates:
              set_light: ["light {room} at {level}"]
            """)
        expect("error[unknown-value]", "utterances.yaml:1:22", "'attic'", "used here", "allowed: kitchen, hall", in: text)
    }

    @Test func valueOfTheWrongType() throws {
        let text = try failure(
            """
            slots: {room: [hall], level: [high]}
            templates:
              set_light: ["light {room} at {level}"]
            """)
        expect("error[wrong-type]", "utterances.yaml:1:31", "'high'", "integer", in: text)
    }

    @Test func missingRequiredArgument() throws {
        let text = try failure(
            """
            slots: {room: [hall], level: [5]}
            templates:
              set_light:
                - "light {room}"
            """)
        expect("error[missing-argument]", "utterances.yaml:4:7", "'level'", "add {level}", in: text)
    }

    @Test func argumentStatedTwice() throws {
        let text = try failure(
            """
            slots: {room: [hall], level: [5]}
            templates:
              set_light: ["light {room} {room} {level}"]
            """)
        expect("error[duplicate-argument]", "'room' twice", in: text)
    }

    @Test func loneBraceAndEndlessRange() throws {
        let text = try failure(
            """
            slots: {level: {from: 1, to: 9000000000000}}
            no_call: ["what { is"]
            """)
        expect("error[bad-range]", "utterances.yaml:1:16", "error[bad-template]", "utterances.yaml:2:17", in: text)
    }

    @Test func functionsFile() throws {
        let text = try failure(
            "{}",
            functions: """
                set_light:
                  parameters: {room: {type: word}}
                  required: [place]
                """)
        expect("error[unknown-type]", "functions.yaml:2:29", "string, integer, number, boolean", in: text)
        expect("error[unknown-argument]", "functions.yaml:3:14", in: text)
    }

    @Test(arguments: ["", "[1, 2]", "templates: 3", "slots: {a: {}}", "no_call: {a: 1}", "prefixes: x", "no_call: [[]]"])
    func malformedFilesAreRefusedOrEmptyAndNeverCrash(text: String) {
        #expect(throws: StageFailure.self) { try library(functions: functions, utterances: text) }
    }
}
