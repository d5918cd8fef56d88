import CanonicalJSON
import Foundation
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// `eval.cost` with `cached_prefix: shared`: the prompts of a set in a tree.
@Suite struct SharedPrefixTests {
    let workshop: CheckpointWorkshop

    init() throws { workshop = try CheckpointWorkshop() }

    private func context(_ outputs: String) throws -> StageContext {
        let folder = workshop.root.appending(path: outputs, directoryHint: .isDirectory)
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return StageContext(
            inputs: workshop.root.appending(path: "inputs", directoryHint: .isDirectory), outputs: folder, threads: 2,
            reportProgress: { _ in })
    }

    private func cost(_ stage: EvalCost) throws -> JSON {
        let context = try context("cost")
        try stage.run(in: context)
        return try #require(try JSON(parsing: Data(contentsOf: context.output("cost.json")))["sets"]?["test"])
    }

    /// The model's own answers in place of the workshop's.
    private func answer(_ stage: any RunnableStage) throws {
        try stage.run(in: context("written"))
        let answers = workshop.root.appending(path: "inputs/answers")
        try FileManager.default.removeItem(at: answers)
        try FileManager.default.moveItem(at: workshop.root.appending(path: "written"), to: answers)
    }

    @Test func promptsThatBeginAlikeAreReadOnce() throws {
        try answer(EvalGenerate(sets: ["test"], maxTokens: 4, prompt: .query, answer: .call))
        let whole = try cost(EvalCost())
        #expect(whole["cached_flops"] == nil && whole["cached_tokens"] == nil)
        let shared = try cost(EvalCost(cachedPrefix: .shared, prompt: .query, answer: .call))
        let cached = try #require(shared["cached_tokens"]?.double)
        // All questions begin with "play song ".
        #expect(cached > 1 && cached < whole["prompt_tokens"]?.double ?? 0)
        func number(_ figures: JSON, _ name: String) -> Double { figures[name]?.double ?? .nan }
        #expect(number(shared, "decode_flops") == number(whole, "decode_flops"))
        let prefill = number(shared, "prefill_flops") + number(shared, "cached_flops")
        #expect(abs(prefill - number(whole, "prefill_flops")) < 1e-6 * prefill)
        #expect(number(shared, "flops") < number(whole, "flops"))
    }

    @Test func answersToOtherPromptsAreRefused() throws {
        try answer(EvalGenerate(sets: ["test"], maxTokens: 4, prompt: .query, answer: .call))
        #expect {
            try cost(EvalCost(cachedPrefix: .shared, prompt: .tools, answer: .call))
        } throws: {
            "\($0)".contains("the answers to the set 'test' are not of the prompts that its rows give")
        }
    }
}
