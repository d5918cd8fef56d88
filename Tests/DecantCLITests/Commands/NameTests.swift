import BuildModel
import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// Names and paths are bytes, and those that look alike are told apart.
@Suite struct NameTests {
    static let stage = """
        decant: 1
        name: names
        sources: {functions: {path: functions.yaml}, utterances: {path: utterances.yaml}}
        data: {generate: {functions: functions, templates: utterances, count: 60, seed: 3}, split: {test: 15%}}
        stages:
          words: {command: [sh, -c, "mkdir outputs/d; COMMAND"], inputs: {script: functions}, outputs: [d]}

        """

    @Test(arguments: [
        (#"echo 1 > outputs/d/README; echo 2 > outputs/d/readme"#, "'d/README' and 'd/readme' are one name"),
        (
            #"echo 1 > outputs/d/caf\u00e9; echo 2 > outputs/d/cafe\u0301"#,
            "(the same letters in two Unicode forms) are one name"
        ),
        (#"echo 1 > outputs/d/aux.txt"#, "'d/aux.txt' is a device on Windows"),
        (#"mkdir outputs/d/A outputs/d/a; echo 1 > outputs/d/A/x; echo 1 > outputs/d/a/y"#, "'d/A' and 'd/a' are one name"),
        (#"echo 1 > 'outputs/d/end.'"#, "'d/end.' ends with a dot or a space"),
    ])
    func outputsThatOthersWouldMergeFailTheStage(command: String, message: String) throws {
        let program = try DecantProgram(recipe: Self.stage.replacing("COMMAND", with: command))
        let run = try program.run("build", "tiny.yaml", "words", status: 1)
        #expect(run.errors.contains("FAILED   words") && run.errors.contains(message), "\(run.errors)")
        #expect(run.errors.contains("another name"))
        #expect(try program.run("fsck").output.contains("0 problems"))
    }

    @Test func targetsThatAreOneFolderElsewhereAreRefused() throws {
        let recipe =
            Self.stage.replacing("COMMAND", with: "echo 1 > outputs/d/x")
            + "  Words: {command: [sh, -c, \"mkdir outputs/d; echo 2 > outputs/d/x\"], outputs: [d]}\n"
        let program = try DecantProgram(recipe: recipe)
        let run = try program.run("build", "tiny.yaml", status: 2)
        #expect(
            run.errors.contains("'words' and 'Words' are one name") || run.errors.contains("'Words' and 'words' are one name"))
    }

    /// A release of the data that has the same size, times and inode is another release.
    @Test func anotherReleaseWithTheSameTimesIsBuilt() throws {
        let program = try DecantProgram()
        let file = program.folder.appending(path: "functions.yaml")
        func release(_ old: String, _ new: String) throws {
            try program.edit("functions.yaml", old, new)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)], ofItemAtPath: file.path)
        }
        try release("Turn a light on or off", "Turn a light on or off")
        let steps: [(String, String, [String])] = [
            ("Turn a light on or off", "Turn a light ON or OFF", ["source.functions"]), ("ON or OFF", "on or off", []),
            ("on or off", "on or oFf", ["source.functions"]),
        ]
        try program.run("build", "tiny.yaml", "data")
        for (old, new, ran) in steps {
            try release(old, new)
            let built = try program.run("build", "tiny.yaml", "source.functions", "--json")
            #expect(built.events.last?["ran"]?.array?.compactMap(\.string) == ran)
            let digest = Digest(hashing: try Data(contentsOf: file)).hex
            #expect(try program.run("show", "source.functions").output.contains(digest.prefix(12)))
        }
    }

    @Test func filesThatOneNameCannotTellApartHaveBranchesOfTheirOwn() throws {
        let program = try DecantProgram(recipe: Self.stage.replacing("COMMAND", with: "echo 1 > outputs/d/x"))
        let text = try String(contentsOf: program.folder.appending(path: "tiny.yaml"), encoding: .utf8)
            .replacing("name: names\n", with: "")
        let files = [
            "model.v1.yaml", "model.v2.yaml", "my model.yaml", "mod\u{E8}le.yaml", "mode\u{300}le.yaml", "donn\u{E9}es.yaml",
        ]
        for (index, file) in files.enumerated() {
            try program.write(text.replacing("echo 1", with: "echo \(index)"), to: file)
            try program.run("build", file, "words")
            try program.run("build", file, "words")
        }
        // One name for two files: the second is asked for one.
        try program.write(text.replacing("echo 1", with: "echo 99"), to: "model.v1.yml")
        let asked = try program.run("build", "model.v1.yml", "words", status: 2)
        #expect(asked.errors.contains("model.v1.yaml; add 'name: model.v1-2'"), "\(asked.errors)")
        try program.write("name: other\n" + text.replacing("echo 1", with: "echo 99"), to: "model.v1.yml")
        try program.run("build", "model.v1.yml", "words")
        // A file that moved keeps its branch.
        try FileManager.default.moveItem(
            at: program.folder.appending(path: "model.v1.yaml"), to: program.folder.appending(path: "moved"))
        try FileManager.default.createDirectory(at: program.folder.appending(path: "x"), withIntermediateDirectories: true)
        try program.write(text.replacing("path: ", with: "path: ../"), to: "x/model.v1.yaml")
        try program.run("build", "x/model.v1.yaml", "words")
    }

    @Test func namesThatGitTakesForSomethingElseAreRefused() throws {
        let program = try DecantProgram()
        for name in ["HEAD", "FETCH_HEAD", String(repeating: "a1", count: 20), String(repeating: "B", count: 40)] {
            try program.write(DecantProgram.tinyRecipe.replacing("name: tiny", with: "name: \"\(name)\""), to: "named.yaml")
            let run = try program.run("check", "named.yaml", status: 2)
            #expect(run.errors.contains("cannot name a recipe") && run.errors.contains("git takes"))
            #expect(run.errors.contains("named.yaml:2:7"))
        }
        try program.write(DecantProgram.tinyRecipe.replacing("name: tiny\n", with: ""), to: "HEAD.yaml")
        #expect(try program.run("check", "HEAD.yaml", status: 2).errors.contains("add 'name: ANOTHER'"))
    }

    @Test func aFileInAnotherUnicodeFormIsNamed() throws {
        let program = try DecantProgram()
        try FileManager.default.moveItem(
            at: program.folder.appending(path: "functions.yaml"), to: program.folder.appending(path: "donne\u{301}es.yaml"))
        try program.edit("tiny.yaml", "path: functions.yaml", "path: donn\u{E9}es.yaml")
        let run = try program.run("plan", "tiny.yaml", status: 2)
        #expect(run.errors.contains("the same letters in another Unicode form"), "\(run.errors)")
        #expect(run.errors.contains("donne\\u{301}es.yaml, not donn\\u{E9}es.yaml"), "\(run.errors)")
        try program.edit("tiny.yaml", "path: donn\u{E9}es.yaml", "path: DONNE\u{301}ES.yaml")
        #expect(try program.run("plan", "tiny.yaml", status: 2).errors.contains("differs in upper and lower case"))
        #expect(try program.run("plan", "TINY.yaml", status: 2).errors.contains("there is 'tiny.yaml'"))
    }

    @Test func pathsThatAreNotUTF8AreRefused() throws {
        let program = try DecantProgram()
        let decant = Checkout.program.path
        let lines = [
            "'\(decant)' status --cache $'caf\\xe9'", "DECANT_CACHE=$'caf\\xe9' '\(decant)' status",
            "mkdir $'d\\xe9'; cd $'d\\xe9'; '\(decant)' status",
        ]
        for line in lines {
            let run = try ProgramRun(
                ["bash", "-c", line], in: program.folder, environment: ["PATH": "/usr/bin:/bin", "HOME": "/"])
            #expect(run.status == 2 && run.errors.contains("not UTF-8"), "\(line): \(run.errors)")
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: program.folder.path)
        #expect(!names.contains { $0.hasPrefix("caf") })
    }
}
