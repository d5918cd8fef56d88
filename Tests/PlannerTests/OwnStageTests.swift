import BuildModel
import CanonicalJSON
import Planner
import Testing

/// Stages that a recipe names itself, among those that are generated.
@Suite struct OwnStageTests {
    @Test func aCommandJoinsTheGraph() throws {
        let graph = try plan(
            """
            transfer: SFT
            stages:
              measure:
                command: [python3, -c, "print(1)"]
                inputs: {model: student.sft, data: data, functions: functions}
                environment: {B: "2", A: 1}
                outputs: [b.json, a.json]
                time_limit: 2 min
                memory: 1 GiB
            """)
        let stage = try #require(graph.stages.first { $0.name == "measure" })
        #expect(
            stage.parameters == [
                "command": ["python3", "-c", "print(1)"], "environment": ["A": "1", "B": "2"], "outputs": ["a.json", "b.json"],
                "time_limit": 120, "memory": 1_073_741_824,
            ])
        #expect(
            stage.inputs.map { "\($0.name)=\(graph[$0.stage].name)" } == [
                "data=data", "functions=source.functions", "model=student.sft",
            ])
        #expect(graph.targets.contains { $0.name == "measure" })
        #expect(stage.origins.contains { $0.parameter == "environment.A" && $0.field == "stages.measure.environment.A" })
    }

    /// Texts that Swift takes for equal, and that are other commands.
    @Test func commandsThatDifferInUnicodeFormAreTwoStages() throws {
        let graph = try plan(
            """
            transfer: SFT
            stages:
              a: {command: [cat, "caf\u{E9}"], outputs: [x]}
              b: {command: [cat, "cafe\u{301}"], outputs: [x]}
              c: {command: [cat, "caf\u{E9}"], outputs: [x]}

            """)
        let own = graph.stages.filter { $0.kind == "exec" }
        #expect(Set(own.map { Action(stage: $0, artifacts: []).key }).count == 2)
        #expect(own.count == 2)
    }

    @Test func aLineIsGivenToTheShell() throws {
        let graph = try plan("transfer: SFT\nstages: {a: {command: ls | wc, outputs: [x]}}\n")
        #expect(graph.parameters(of: "a")?["command"] == ["/bin/sh", "-c", "ls | wc"])
    }

    /// A model from a script of the user's own is pruned, quantized and evaluated like any other.
    @Test func generatedStagesReadTheRecipesOwn() throws {
        let graph = try plan(
            """
            student: {from: torch}
            tokenizer: {from: student}
            transfer: RFT
            stages:
              torch: {command: [train], inputs: {data: rows}, outputs: [model.safetensors, tokenizer.json, config.json]}
              rows: {command: [prepare], inputs: {functions: functions}, outputs: [rows.jsonl]}
            """)
        let trained = try #require(graph.stages.first { $0.name == "student.rft" })
        #expect(graph[trained.inputs[0].stage].name == "torch")
        #expect(graph.stage(named: "rows").map { $0 < (graph.stage(named: "torch") ?? $0) } == true)
        #expect(graph.stages.count { $0.kind == "exec" } == 2)
    }

    @Test func anyKindCanBeNamed() throws {
        let graph = try plan(
            """
            transfer: SFT
            stages:
              smaller:
                kind: quant.apply
                inputs: {model: student.sft}
                parameters: {scheme: W8A16, method: rtn, group_size: 32, ignore: [lm_head]}
              counted:
                kind: eval.cost
                inputs: {answers: student.sft.answers, model: smaller}
            """)
        #expect(graph.parameters(of: "smaller")?["group_size"] == 32)
        let counted = try #require(graph.stages.first { $0.name == "counted" })
        // In the kind's order, whatever the recipe's.
        #expect(counted.inputs.map(\.name) == ["model", "answers"])
    }

    /// The tenth comes after the ninth, and not after the first.
    @Test func numberedInputsGoByTheirNumbers() throws {
        let numbers = [10, 2, 0, 11, 1]
        let inputs = numbers.map { "train.\($0): functions" }.joined(separator: ", ")
        let graph = try plan("transfer: SFT\nstages: {rows: {kind: data.ingest, inputs: {\(inputs)}}}\n")
        let rows = try #require(graph.stages.first { $0.name == "rows" })
        #expect(rows.inputs.map(\.name) == numbers.sorted().map { "train.\($0)" })
    }

    /// The same stage twice is one, written by hand or generated.
    @Test func equalStagesMerge() throws {
        let graph = try plan(
            """
            transfer: SFT
            quantize: {scheme: W8A16, group_size: 32}
            stages:
              mine: {kind: quant.apply, inputs: {model: student.sft}, parameters: {scheme: W8A16, method: rtn, group_size: 32, ignore: [lm_head]}}
            """)
        #expect(graph.stages.count { $0.kind == "quant.apply" } == 1)
        #expect(graph.targets.filter { graph[$0.stage].kind == "quant.apply" }.count == 2)
    }

    @Test func eachVariantHasItsOwn() throws {
        let graph = try plan(
            """
            transfer: SFT
            stages: {a: {command: [x], inputs: {model: student.sft}, outputs: [y]}}
            matrix: {student.seed: [1, 2]}
            """)
        #expect(graph.names.filter { $0.hasPrefix("a") } == ["a[seed=1]", "a[seed=2]"])
        #expect(graph.targets.map(\.name).contains("a-seed-1"))
    }
}
