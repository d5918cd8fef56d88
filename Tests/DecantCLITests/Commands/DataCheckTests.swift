import CanonicalJSON
import TestSupport
import Testing

/// A newcomer's mistakes in functions and templates: `check` names each before anything runs.
@Suite struct DataCheckTests {
    /// A mistake: what is replaced in a file, and by what.
    struct Mistake {
        var name: String
        var file: String
        var old: String
        var new: String
    }

    static let mistakes = [
        Mistake(
            name: "a misspelt slot", file: "utterances.yaml", old: "send {count} {flower} to {street}",
            new: "send {count} {flowr} to {street}"),
        Mistake(name: "a misspelt function", file: "utterances.yaml", old: "  water:", new: "  watr:"),
        Mistake(
            name: "a type of another language", file: "functions.yaml", old: "count: {type: integer}",
            new: "count: {type: int}"),
        Mistake(
            name: "a required argument that a template leaves out", file: "utterances.yaml",
            old: "\"{count} {flower} for {street}\"",
            new: "\"{count} for {street}\""),
        Mistake(
            name: "a value that the enum does not have", file: "functions.yaml", old: "enum: [rose, tulip, lily]",
            new: "enum: [roses, tulip, lily]"),
        Mistake(name: "a brace without a partner", file: "utterances.yaml", old: "\"good day\"", new: "\"good day {flower\""),
        Mistake(
            name: "a required parameter that is none", file: "functions.yaml", old: "required: [flower, street]",
            new: "required: [flower, stret]"),
        Mistake(name: "a misspelt section", file: "utterances.yaml", old: "slots:", new: "slot:"),
        Mistake(
            name: "a type that there is not", file: "functions.yaml", old: "flower: {type: string, enum",
            new: "flower: {type: words, enum"),
        Mistake(
            name: "a list whose elements nobody knows", file: "functions.yaml", old: "flower: {type: string, enum",
            new: "flower: {type: array, enum"),
        Mistake(name: "a range that goes down", file: "utterances.yaml", old: "{from: 2, to: 30}", new: "{from: 30, to: 2}"),
        Mistake(name: "a word among numbers", file: "utterances.yaml", old: "{from: 2, to: 30}", new: "[two, 3, 4]"),
        Mistake(name: "an octal number", file: "utterances.yaml", old: "{from: 2, to: 30}", new: "[02, 3, 1e1]"),
        Mistake(
            name: "a slot of another function", file: "utterances.yaml", old: "\"water the {plant}\"",
            new: "\"water the {plant} of {street}\""),
        Mistake(
            name: "a slot without values", file: "utterances.yaml", old: "[rose, tulip, {say: lilies, value: lily}]",
            new: "[]"),
        Mistake(
            name: "a word with two meanings", file: "utterances.yaml", old: "{say: lilies, value: lily}",
            new: "{say: tulip, value: lily}"),
        Mistake(
            name: "a sentence of two functions", file: "utterances.yaml", old: "\"water the {plant}\"",
            new: "\"what do you have\""),
        Mistake(
            name: "a sentence without quotes", file: "utterances.yaml", old: "\"{count} {flower} for {street}\"",
            new: "{flower}"),
        Mistake(
            name: "a sentence with a colon", file: "utterances.yaml", old: "\"water the {plant}\"",
            new: "please: water the roses"),
        Mistake(
            name: "a flag that YAML's versions read differently", file: "utterances.yaml", old: "hold_out: true",
            new: "hold_out: yes"),
        Mistake(
            name: "a yes that is no true", file: "utterances.yaml", old: "arguments: {wrapped: true}",
            new: "arguments: {wrapped: yes}"),
        Mistake(name: "a null among words", file: "utterances.yaml", old: "[rose, tulip,", new: "[rose, ~, tulip,"),
        Mistake(
            name: "a field that nobody reads", file: "functions.yaml", old: "count: {type: integer}",
            new: "count: {type: integer, minimum: 1}"),
        Mistake(
            name: "a JSON Schema", file: "functions.yaml", old: "parameters: {plant: {type: string}}",
            new: "parameters: {type: object, properties: {plant: {type: string}}}"),
        Mistake(
            name: "a list without sentences", file: "utterances.yaml", old: "  list_flowers:\n    - \"what do you have\"\n",
            new: "  list_flowers: []\n"),
        Mistake(
            name: "a misspelt function out of domain", file: "shop.yaml", old: "test: 10%",
            new: "test: 10%, ood: {functions: [watr]}"),
        Mistake(
            name: "a set that no slot fills", file: "shop.yaml", old: "evaluate: {metrics: [ar]}",
            new: "evaluate: {sets: [test, values, phrasing]}"),
        Mistake(
            name: "a model that no machine can train", file: "shop.yaml", old: "evaluate: {metrics: [ar]}",
            new: "student: {init: {hidden: 16384, layers: 64, heads: 64, kv_heads: 8, intermediate: 65536}}"),
    ]

    private func program() throws -> DecantProgram {
        let program = try DecantProgram(recipe: Self.recipe)
        try program.write(Self.recipe, to: "shop.yaml")
        try program.write(Self.functions, to: "functions.yaml")
        try program.write(Self.utterances, to: "utterances.yaml")
        return program
    }

    @Test func eachMistakeIsNamedWithItsPlaceAndWhatToDo() throws {
        var text = ""
        for mistake in Self.mistakes {
            let program = try program()
            try program.edit(mistake.file, mistake.old, mistake.new)
            let result = try program.run("check", "shop.yaml", status: nil)
            // A warning is no mistake.
            let wanted: Int32 = result.errors.contains("error[") ? 2 : 0
            #expect(result.status == wanted, "\(mistake.name)")
            let memory = result.errors.replacing(/machine's [0-9.]+ [KMGT]iB/, with: "machine's N GiB")
            text += "== \(mistake.name)\n\(memory)\n"
        }
        try golden.expect(text, equals: "check-data.txt")
    }

    @Test func allMistakesOfBothFilesAreSaidInOneRun() throws {
        let program = try program()
        for mistake in Self.mistakes.prefix(4) { try program.edit(mistake.file, mistake.old, mistake.new) }
        let errors = try program.run("check", "shop.yaml", status: 2).errors
        for place in ["functions.yaml:5:", "utterances.yaml:8:", "utterances.yaml:9:", "utterances.yaml:11:"] {
            #expect(errors.contains(place), "\(errors)")
        }
        for command in ["plan", "build"] {
            #expect(try program.run(command, "shop.yaml", status: 2).errors.contains("error[unknown-slot]"))
        }
    }

    /// What is merely missing is a warning: a recipe may mean it.
    @Test func whatNobodyAsksForIsAWarning() throws {
        let program = try program()
        try program.edit("functions.yaml", "list_flowers:", "close_shop: {description: Close.}\nlist_flowers:")
        try program.edit("utterances.yaml", "slots:", "slots:\n  colour: [red]")
        let result = try program.run("check", "shop.yaml")
        #expect(result.errors.contains("warning[missing-template]: no template asks for 'close_shop'"))
        #expect(result.errors.contains("warning[unused-slot]: no template uses the slot 'colour'"))
        #expect(result.output.contains("no problems, 2 warnings, "))
    }

    /// The documented default: the sets that have rows, known before anything runs.
    @Test func withoutHeldOutValuesThatSetIsNotEvaluated() throws {
        let program = try program()
        try program.edit("utterances.yaml", ", hold_out: true", "")
        try program.edit("shop.yaml", "evaluate: {metrics: [ar]}\n", "")
        let plan = try JSON(parsing: program.run("graph", "shop.yaml", "--format", "json").output)
        let scores = try #require((plan["stages"]?.array ?? []).first { $0["name"] == "student.kd.scores" })
        #expect(scores["parameters"]?["sets"] == ["test"])
        // With a value held out and templates enough, there are all three.
        try program.write(Self.utterances, to: "utterances.yaml")
        let sets = try JSON(parsing: program.run("graph", "shop.yaml", "--format", "json").output)
        let others = (sets["stages"]?.array ?? []).first { $0["name"] == "student.kd.scores" }
        #expect(others?["parameters"]?["sets"] == ["test", "values"])
    }

    /// A store remembers what was found in files in which nothing is wrong; changed files are looked into again.
    @Test func changedFilesAreLookedIntoAgain() throws {
        let program = try program()
        try program.run("build", "shop.yaml", "source.functions")
        try program.run("plan", "shop.yaml")
        try program.edit("utterances.yaml", "water the {plant}", "water the {plnt}")
        #expect(try program.run("plan", "shop.yaml", status: 2).errors.contains("error[unknown-slot]"))
        try program.edit("utterances.yaml", "water the {plnt}", "water the {plant}")
        try program.run("plan", "shop.yaml")
    }

    static let recipe = """
        decant: 1
        sources:
          functions: {path: functions.yaml}
          utterances: {path: utterances.yaml}
        data:
          generate: {functions: functions, templates: utterances, count: 300, hold_out: {templates: 0%}}
          split: {test: 10%}
        evaluate: {metrics: [ar]}

        """

    static let functions = """
        order:
          description: Order flowers.
          parameters:
            flower: {type: string, enum: [rose, tulip, lily]}
            count: {type: integer}
            street: {type: string}
            wrapped: {type: boolean}
          required: [flower, street]
        water:
          description: Water a plant.
          parameters: {plant: {type: string}}
        list_flowers:
          description: Say what there is.

        """

    static let utterances = """
        slots:
          flower: [rose, tulip, {say: lilies, value: lily}]
          count: {from: 2, to: 30}
          street: {values: [Mill Lane, High Street, Park Row], hold_out: true}
          plant: [fern, ivy, palm]
        templates:
          order:
            - "send {count} {flower} to {street}"
            - "{count} {flower} for {street}"
            - {text: "a {flower} in paper to {street}", arguments: {wrapped: true}}
          water:
            - "water the {plant}"
            - "the {plant} is dry"
          list_flowers:
            - "what do you have"
        no_call:
          - "good day"
          - "i like {flower}"

        """
}
