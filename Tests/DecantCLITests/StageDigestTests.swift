import CanonicalJSON
import Foundation
import Planner
import Stages
import Testing

/// The output digest of every stage kind on the tiny domain, but for measurements, which have none.
///
/// A digest that changes without a new revision would let a store mix results of two behaviours under one key. Raise the
/// kind's revision, then record again.
@Suite struct StageDigestTests {
    @Test func outputBytesChangeOnlyWithTheRevision() throws {
        let program = try DecantProgram()
        try program.edit("tiny.yaml", "KD[0.5FKL+0.5CE](steps: 100)", "RFT(steps: 50)+KD[0.5FKL+0.5CE](steps: 50)")
        let lines = try program.run("build", "tiny.yaml", "--json").events.compactMap { event -> String? in
            guard event["event"] == "stage-finished", let name = event["stage"]?.string else { return nil }
            return "\(name) \(event["artifact"]?.string ?? "")"
        }
        try golden.expect(lines.sorted().joined(separator: "\n") + "\n", equals: "stage-digests.txt")
        let plan = try #require(try program.run("plan", "tiny.yaml", "--json").events.first)
        let kinds = Set((plan["stages"]?.array ?? []).compactMap { $0["kind"]?.string })
        let missing = Set(StageCatalogue.kinds.filter { !$0.isMeasurement }.map { $0.name }).subtracting(kinds).subtracting([
            AdapterMerge.name, DataCompressPrompt.name, DataIngest.name, DataKnowledge.name, DataRetrieve.name, DPOTrain.name,
            EndpointSample.name, EvalPerplexity.name, Exec.name, KDOnPolicy.name, ModelImport.name,
            // `QuantizationBuildTests` has its digest.
            QuantCalibrate.name,
            // `ReinforcementBuildTests` has its digest.
            RLTrain.name,
        ])
        #expect(missing.isEmpty, "kinds without a digest: \(missing)")
    }

    @Test func strategiesKeepTheirDigest() throws {
        let transfer =
            "\"KD[0.5AKL+0.5JSD](steps: 40, prompt: 5%)+oKD[RKL](steps: 4, tokens: 24, fraction: 50%)+DPO(steps: 4)\""
        let program = try TransferBuildTests.program(transfer: transfer)
        let lines = try program.run("build", "tiny.yaml", "--json").events.compactMap { event -> String? in
            guard event["event"] == "stage-finished", let name = event["stage"]?.string else { return nil }
            let ends = [".kd", ".okd", ".dpo", ".logits"]
            return ends.contains(where: name.hasSuffix) ? "\(name) \(event["artifact"]?.string ?? "")" : nil
        }
        try golden.expect(lines.sorted().joined(separator: "\n") + "\n", equals: "transfer-digests.txt")
    }

    @Test func importedModelsKeepTheirDigest() throws {
        let program = try ImportedModelTests.program()
        let events = try program.run("build", "tiny.yaml", "--json").events
        let lines = events.compactMap { event -> String? in
            guard event["event"] == "stage-finished", let name = event["stage"]?.string else { return nil }
            guard name == "source.base" || name == "base.model" || name.hasSuffix(".perplexity") else { return nil }
            return "\(name) \(event["artifact"]?.string ?? "")"
        }
        try golden.expect(lines.sorted().joined(separator: "\n") + "\n", equals: "imported-digests.txt")
    }

    @Test func adaptersKeepTheirDigest() throws {
        let program = try DecantProgram()
        try program.edit("tiny.yaml", "KD[0.5FKL+0.5CE](steps: 100)", "SFT(steps: 20, lora: 4)")
        let events = try program.run("build", "tiny.yaml", "student.sft", "--json").events
        let lines = events.compactMap { event -> String? in
            guard event["event"] == "stage-finished", let name = event["stage"]?.string, name.hasPrefix("student.sft")
            else { return nil }
            return "\(name) \(event["artifact"]?.string ?? "")"
        }
        #expect(lines.count == 2)
        try golden.expect(lines.sorted().joined(separator: "\n") + "\n", equals: "adapter-digests.txt")
    }

    @Test func prunedChannelsKeepTheirDigests() throws {
        let program = try DecantProgram(recipe: PruningBuildTests.recipe)
        let events = try program.run("build", "tiny.yaml", "--json").events
        let lines = events.compactMap { event -> String? in
            guard event["event"] == "stage-finished", let name = event["stage"]?.string else { return nil }
            let isPruning = name.contains(".importance") || (name.contains(".prune[") && !name.hasSuffix(".answers"))
            return isPruning && ![".scores", ".cost"].contains(where: name.hasSuffix)
                ? "\(name) \(event["artifact"]?.string ?? "")" : nil
        }
        #expect(lines.count >= 5)
        try golden.expect(lines.sorted().joined(separator: "\n") + "\n", equals: "pruning-digests.txt")
    }

    @Test func preparedRowsKeepTheirDigests() throws {
        let program = try RetrievalRecipeTests.program()
        let events = try program.run("build", "tiny.yaml", "data", "--json").events
        let lines = events.compactMap { event -> String? in
            guard event["event"] == "stage-finished", let name = event["stage"]?.string, name.hasPrefix("data") else {
                return nil
            }
            return "\(name) \(event["artifact"]?.string ?? "")"
        }
        try golden.expect(lines.sorted().joined(separator: "\n") + "\n", equals: "prepared-digests.txt")
    }

    @Test func ingestedRowsKeepTheirDigest() throws {
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
        let events = try program.run("build", "tiny.yaml", "data", "--json").events
        let digest = events.first { $0["stage"] == "data.rows" && $0["event"] == "stage-finished" }?["artifact"]?.string
        try golden.expect((digest ?? "none") + "\n", equals: "ingest-digest.txt")
    }
}
