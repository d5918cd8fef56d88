import CanonicalJSON
import Foundation
import Stages
import TestSupport
import Testing

@testable import Kinds

/// A recipe whose artifacts a golden file holds: a line for each stage, with the stage's name and the artifact's digest.
struct DigestedRecipe: Sendable, CustomTestStringConvertible {
    let file: String
    /// What is built; all targets where it is empty.
    var targets: [String] = []
    /// The stage that a file with nothing but a digest is of.
    var onlyStage: String?
    let program: @Sendable () throws -> DecantProgram
    /// Whether the file has a line for a stage.
    var holds: @Sendable (String) -> Bool = { _ in true }

    var testDescription: String { file }

    /// Those that `StageDigestTests` builds.
    static let all = [
        DigestedRecipe(file: "stage-digests.txt") {
            try .edited("KD[0.5FKL+0.5CE](steps: 100)", "RFT(steps: 50)+KD[0.5FKL+0.5CE](steps: 50)")
        },
        DigestedRecipe(file: "transfer-digests.txt") {
            try TransferBuildTests.program(
                transfer: "\"KD[0.5AKL+0.5JSD](steps: 40, prompt: 5%)"
                    + "+oKD[RKL](steps: 4, tokens: 24, fraction: 50%)+DPO(steps: 4)\"")
        } holds: { stage in
            [".kd", ".okd", ".dpo", ".logits"].contains(where: stage.hasSuffix)
        },
        // The digest is that of the student that learns from captured logits.
        DigestedRecipe(file: "direct-digests.txt", targets: ["student.kd"]) {
            try TransferBuildTests.program(
                transfer: "\"KD[0.5AKL+0.5JSD](steps: 40, prompt: 5%, capture: none)\"")
        } holds: {
            $0 == "student.kd"
        },
        DigestedRecipe(file: "bridging-digests.txt") {
            let program = try TransferBuildTests.program(
                transfer: "\"KD[0.7GOLD+0.3CE](steps: 30, top_k: 40)+oKD[ULD+CE](steps: 4, tokens: 24, fraction: 50%)\"")
            try program.edit("tiny.yaml", "student: {", "student: {tokenizer: {vocabulary: 280}, ")
            return program
        } holds: { stage in
            [".kd", ".okd", ".logits", "student.tokenizer"].contains(where: stage.hasSuffix)
        },
        DigestedRecipe(file: "imported-digests.txt", program: ImportedModelTests.program) {
            $0 == "source.base" || $0 == "base.model" || $0.hasSuffix(".perplexity")
        },
        DigestedRecipe(file: "adapter-digests.txt", targets: ["student.sft"]) {
            try .edited("KD[0.5FKL+0.5CE](steps: 100)", "SFT(steps: 20, lora: 4)")
        } holds: {
            $0.hasPrefix("student.sft")
        },
        DigestedRecipe(file: "pruning-digests.txt") {
            try DecantProgram(recipe: PruningBuildTests.recipe)
        } holds: { stage in
            stage.contains(".importance")
                || (stage.contains(".prune[") && ![".answers", ".scores", ".cost"].contains(where: stage.hasSuffix))
        },
        DigestedRecipe(file: "vocabulary-digests.txt", program: fewerTokens) { stage in
            stage.hasSuffix("tokens]") || stage.hasSuffix(".vocabulary")
        },
        DigestedRecipe(file: "prepared-digests.txt", targets: ["data"], program: RetrievalRecipeTests.program) {
            $0.hasPrefix("data")
        },
        DigestedRecipe(
            file: "encoder-digests.txt", targets: ["report", "retrieval"], program: ReplacedSystemTests.program
        ) { stage in
            stage == "data" || stage.hasPrefix("retrieval") || stage.hasPrefix("baseline") && !stage.hasSuffix(".queries")
        },
        DigestedRecipe(file: "description-digests.txt", targets: ["data"], program: ReplacedSystemTests.describing) {
            $0.hasPrefix("retrieval")
        },
        DigestedRecipe(file: "ingest-digest.txt", targets: ["data"], onlyStage: "data.rows", program: ingested),
        DigestedRecipe(file: "likelihood-digests.txt", program: ranked) {
            $0.hasPrefix("data") || [".answers", ".scores", ".loss"].contains(where: $0.hasSuffix)
        },
        DigestedRecipe(file: "utterance-digests.txt", targets: ["data"], program: variedUtterances) {
            $0.hasPrefix("data")
        },
        DigestedRecipe(
            file: "refusal-digests.txt", targets: ["student.sft.decisions"], program: RefusalBuildTests.program
        ) {
            $0 == "data" || $0.hasSuffix(".decisions")
        },
        DigestedRecipe(file: "command-digests.txt", targets: ["sorted"]) {
            let program = try DecantProgram()
            try program.write(DecantProgram.tinyRecipe + "\n" + command, to: "tiny.yaml")
            return program
        } holds: {
            $0 == "sorted"
        },
    ]

    /// Those that other suites build, which look at more than digests.
    static let others = [
        DigestedRecipe(file: "quantization-digests.txt", program: QuantizationBuildTests.everyMethod),
        DigestedRecipe(file: "reasoning-digests.txt", program: ReinforcementBuildTests.reasoning),
        DigestedRecipe(file: "prototype-digests.txt") { try PrototypeRecipeTests.compared(ModelServer()) },
        DigestedRecipe(file: "endpoint-digest.txt", onlyStage: "teacher.samples") { try ModelServer().program() },
    ]

    private static let command = """
        stages:
          sorted: {command: [sort, inputs/words/functions.yaml, -o, outputs/sorted.txt], inputs: {words: functions}, outputs: [sorted.txt]}
        """

    /// A student that keeps the tokens of one sentence, and a teacher that loses the same ones to score its recovery.
    private static func fewerTokens() throws -> DecantProgram {
        let program = try DecantProgram()
        try program.edit("tiny.yaml", "tokenizer: {vocabulary: 300}", "tokenizer: {vocabulary: 420}")
        try program.edit(
            "tiny.yaml", "  functions: {path: functions.yaml}", "  functions: {path: functions.yaml}\n  text: {path: text.txt}")
        try program.edit("tiny.yaml", "{method: depth, ratio: 20%,", "{vocabulary: used, data: text,")
        try program.write("Turn on the light in the kitchen.\n", to: "text.txt")
        return program
    }

    private static func ingested() throws -> DecantProgram {
        let program = try DecantProgram(
            recipe: """
                decant: 1
                name: tiny
                sources: {rows: {path: rows.jsonl}}
                data: {ingest: {format: openai, train: rows}, split: {test: 30%}}
                """)
        let rows = (0..<12).map { index in
            #"{"messages":[{"role":"user","content":"play song \#(index)"},{"role":"assistant","tool_calls":"#
                + #"[{"function":{"name":"play","arguments":"{\"number\":\#(index)}"}}]}],"#
                + #""tools":[{"type":"function","function":{"name":"play","parameters":{"type":"object","#
                + #""properties":{"number":{"type":"integer"}},"required":["number"]}}}]}"#
        }
        try program.write(rows.joined(separator: "\n"), to: "rows.jsonl")
        return program
    }

    /// A model that was drawn at random paraphrases, so that nothing it says is kept; rules vary the questions.
    private static func variedUtterances() throws -> DecantProgram {
        let program = try ImportedModelTests.program()
        let varied = "\n  paraphrase: {from: base, count: 1, max_tokens: 8}\n  augment: {copies: 1}"
        try program.edit("tiny.yaml", "count: 400, seed: 3}", "count: 40, seed: 3}" + varied)
        return program
    }

    /// Three functions, ranked for what somebody says.
    private static func ranked() throws -> DecantProgram {
        let program = try DecantProgram(
            recipe: """
                decant: 1
                name: tiny
                sources: {rows: {path: rows.jsonl}}
                task: {kind: rank, negatives: 1}
                data: {ingest: {train: rows}, split: {test: 30%}}
                tokenizer: {vocabulary: 290}
                student: {init: {hidden: 16, layers: 1, heads: 2, kv_heads: 1, intermediate: 24}}
                sample: none
                transfer: "SFT(steps: 12, batch: 4)"
                evaluate: {metrics: [auc, mrr, ndcg, loss, flops]}
                """)
        let verbs = ["play", "stop", "skip"]
        let tools = verbs.map { #"{"name":"\#($0)_song","parameters":{"type":"object","properties":{}}}"# }.joined(
            separator: ",")
        let rows = (0..<24).map { index in
            #"{"id":"r\#(index)","query":"\#(verbs[index % 3]) number \#(index)","tools":[\#(tools)],"#
                + #""answers":[{"name":"\#(verbs[index % 3])_song","arguments":{}}],"expect":"calls"}"#
        }
        try program.write(rows.joined(separator: "\n"), to: "rows.jsonl")
        return program
    }

    /// The stages of the golden file. Their names may hold spaces.
    func stages() throws -> [String] {
        let lines = try String(contentsOf: golden.folder.appending(path: file), encoding: .utf8).split(separator: "\n")
        return lines.compactMap { line in line.lastIndex(of: " ").map { String(line[..<$0]) } ?? onlyStage }
    }
}

extension DecantProgram {
    /// The tiny domain with one text replaced.
    fileprivate static func edited(_ old: String, _ new: String) throws -> DecantProgram {
        let program = try DecantProgram()
        try program.edit("tiny.yaml", old, new)
        return program
    }
}

/// The output digest of every stage kind, but for measurements, which have none.
///
/// A digest that changes without a new revision would let a store mix results of two behaviours under one key. Raise the
/// kind's revision, then record again.
@Suite struct StageDigestTests {
    @Test(arguments: DigestedRecipe.all)
    func outputBytesChangeOnlyWithTheRevision(recipe: DigestedRecipe) throws {
        let program = try recipe.program()
        let artifacts = try program.artifacts(of: recipe.targets)
        let lines =
            recipe.onlyStage.map { [artifacts[$0] ?? "none"] }
            ?? artifacts.filter { recipe.holds($0.key) }.map { "\($0.key) \($0.value)" }.sorted()
        try golden.expect(lines.joined(separator: "\n") + "\n", equals: recipe.file)
        // And each stage writes what its kind declares.
        for stage in try recipe.stages() {
            let shown = try #require(try program.run("show", stage, "--json").events.first)
            guard let kind = StageCatalogue.standard.kind(named: shown["action"]?["kind"]?.string ?? "") else { continue }
            for file in (shown["files"]?.array ?? []).compactMap({ $0["path"]?.string }) {
                #expect(kind.artifact.contains { $0.holds(file) }, "\(kind.name) declares no \(file)")
            }
            let figures = Set(kind.artifact.filter(\.isFigures).map(\.name))
            #expect(figures.isSubset(of: Set((shown["metrics"]?.object ?? [:]).keys)), "\(stage)")
        }
    }

    /// Every kind that can run is among the stages of the golden files.
    @Test func everyKindHasAGoldenDigest() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: golden.folder.path).filter { $0.contains("-digest") }
        let recipes = DigestedRecipe.all + DigestedRecipe.others
        #expect(Set(files) == Set(recipes.map(\.file)))
        var held: Set<String> = []
        for recipe in recipes {
            let plan = try #require(try recipe.program().run("plan", "tiny.yaml", "--json").events.first)
            let kinds = Dictionary(
                (plan["stages"]?.array ?? []).map { ($0["name"]?.string ?? "", $0["kind"]?.string ?? "") },
                uniquingKeysWith: { $1 })
            for stage in try recipe.stages() { held.insert(try #require(kinds[stage], "\(recipe.file): \(stage)")) }
        }
        let kinds = Set(StageCatalogue.standard.kinds.filter { !$0.isMeasurement }.map { $0.name })
        #expect(kinds.subtracting(held) == [])
    }
}

extension Output {
    /// Whether it is a file of figures that there always is.
    fileprivate var isFigures: Bool {
        if case .named(_, isOptional: false, figures: .some) = self { true } else { false }
    }

    /// Whether a file of an artifact is of this output.
    fileprivate func holds(_ path: String) -> Bool {
        switch self {
        case .named(let name, _, _): path == name
        case .sets: path.hasSuffix(".jsonl")
        case .model:
            [
                "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
                "chat_template.jinja", "adapter_config.json", "adapter_model.safetensors",
            ].contains(path)
        case .declared: true
        }
    }
}
