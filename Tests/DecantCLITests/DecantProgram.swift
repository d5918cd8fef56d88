import CanonicalJSON
import Foundation
import TestSupport
import Testing

let golden = Golden("Tests/DecantCLITests/Golden")

/// A folder with a recipe in it, and the `decant` program run there as a person would.
final class DecantProgram {
    struct Result {
        var status: Int32
        var output: String
        var errors: String

        /// The JSON values of the output's lines.
        var events: [JSON] { output.split(separator: "\n").compactMap { try? JSON(parsing: String($0)) } }

        /// What went wrong: the errors, and the stages that failed.
        var fault: String {
            ([errors] + events.filter { $0["event"] == "stage-failed" }.map(\.canonicalText)).joined(separator: "\n")
        }
    }

    private let place: TemporaryFolder
    var folder: URL { place.url }
    var cache = "cache"
    var threads = 2
    var extraEnvironment: [String: String] = [:]

    /// A folder of its own with the tiny domain: the whole path in a few seconds.
    init(recipe: String = DecantProgram.tinyRecipe) throws {
        place = TemporaryFolder()
        for file in ["functions.yaml", "utterances.yaml"] {
            try FileManager.default.copyItem(
                at: Checkout.file("Tests/Fixtures/tiny/\(file)"), to: folder.appending(path: file))
        }
        try write(recipe, to: "tiny.yaml")
    }

    func write(_ text: String, to file: String) throws { try place.write(text, to: file) }

    /// Replaces a text that must stand in a file exactly once.
    func edit(_ file: String, _ old: String, _ new: String) throws {
        let text = try place.text(file)
        try #require(text.components(separatedBy: old).count == 2, "'\(old)' must stand once in \(file)")
        try write(text.replacingOccurrences(of: old, with: new), to: file)
    }

    @discardableResult
    func run(_ arguments: String..., status: Int32? = 0) throws -> Result {
        let run = ProgramRun(readingToTheEndOf: try start(arguments))
        let result = Result(
            status: run.status, output: run.output, errors: run.errors)
        if let status { try #require(result.status == status, "decant \(arguments.joined(separator: " ")): \(result.fault)") }
        return result
    }

    /// Starts the program with pipes on both outputs.
    func start(_ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [ProgramRun.hearingSignals, Checkout.program.path] + arguments
        process.currentDirectoryURL = folder
        var environment = ["DECANT_CACHE": cache, "HOME": folder.path, "LC_ALL": "C"]
        environment["PATH"] = ProcessInfo.processInfo.environment["PATH"]
        process.environment = environment.merging(extraEnvironment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = Pipe()
        process.standardError = Pipe()
        try process.run()
        return process
    }

    /// Builds the recipe and returns the last event.
    @discardableResult
    func build(_ recipe: String = "tiny.yaml", status: Int32? = 0) throws -> JSON {
        let result = try run("build", recipe, "--json", "--threads", String(threads), status: status)
        return try #require(result.events.last, "\(result.errors)")
    }

    /// Builds targets of the recipe, all where none is named, and returns the artifacts of their stages by name.
    func artifacts(of targets: [String] = []) throws -> [String: String] {
        let run = ProgramRun(
            readingToTheEndOf: try start(["build", "tiny.yaml"] + targets + ["--json", "--threads", String(threads)]))
        try #require(run.status == 0, "\(Result(status: run.status, output: run.output, errors: run.errors).fault)")
        let events = run.output.split(separator: "\n").compactMap { try? JSON(parsing: String($0)) }
        return Dictionary(
            uniqueKeysWithValues: events.filter { $0["event"] == "stage-finished" }.map {
                ($0["stage"]?.string ?? "", $0["artifact"]?.string ?? "")
            })
    }

    /// Commit ids of the targets by name.
    static func commits(_ done: JSON) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: (done["targets"]?.array ?? []).map { ($0["name"]?.string ?? "", $0["commit"]?.string ?? "") })
    }

    static let tinyRecipe = """
        decant: 1
        name: tiny
        description: The whole path in a few seconds.
        sources:
          functions: {path: functions.yaml}
          utterances: {path: utterances.yaml}
        data:
          generate: {functions: functions, templates: utterances, count: 400, seed: 3, hold_out: {templates: 15%, values: 10%}}
          split: {test: 15%, valid: 5%, ood: {functions: [find_phone]}}
          prompt: query
        tokenizer: {vocabulary: 300}
        teacher: {init: {hidden: 64, layers: 2, heads: 4, kv_heads: 2, intermediate: 128}, transfer: "SFT(steps: 150)"}
        student: {init: {hidden: 64, layers: 3, heads: 4, kv_heads: 2, intermediate: 128}}
        judge: {kind: ast}
        transfer: "KD[0.5FKL+0.5CE](steps: 100)"
        prune: {method: depth, ratio: 20%, recover: "KD(steps: 15)"}
        quantize: {scheme: W4A16, group_size: 32}
        evaluate: {sets: [test, phrasing, ood]}
        """
}

extension JSON {
    /// The strings of a list in an object.
    func strings(_ key: String) -> [String] { (self[key]?.array ?? []).compactMap(\.string) }
}
