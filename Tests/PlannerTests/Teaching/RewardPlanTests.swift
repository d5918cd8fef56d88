import BuildModel
import CanonicalJSON
import Planner
import Testing

/// What answers are rewarded for, in the section `reward` and in single steps.
@Suite struct RewardPlanTests {
    private func rewards(_ body: String) throws -> [String: Stage] {
        let stages = try plan(body).stages.filter { $0.kind == "rl.train" }
        return Dictionary(uniqueKeysWithValues: stages.map { ($0.name, $0) })
    }

    @Test func withoutTermsOfItsOwnARecipesKeyIsAsItWas() throws {
        let stage = try #require(try rewards("transfer: SFT+RL\n")["student.sft.rl"])
        let names = Set(try #require(stage.parameters.object).keys)
        #expect(
            names == [
                "rollouts", "tokens", "sampling_temperature", "clip", "kl", "name_reward", "arguments_reward", "training",
                "prompt",
            ])
        // A judge whose word counts nothing is in no key.
        let judged = try rewards("transfer: SFT+RL\njudge: {kind: exact}\n")["student.sft.rl"]
        #expect(judged?.parameters == stage.parameters)
    }

    @Test func theSectionIsForAllStepsThatSayNothingElse() throws {
        let stages = try rewards(
            """
            teacher: {transfer: "SFT+RL(format_reward: 0.5)"}
            reward: {format: 0.25, names: 1, judge: 2, length: 0.1, tokens: 20, malformed: -3, required: true}
            judge: {kind: exact}
            transfer: KD*+RL

            """)
        let student = try #require(stages["student.kd.rl"]).parameters
        #expect(student["format_reward"] == 0.25 && student["name_reward"] == 1 && student["arguments_reward"] == 0.5)
        #expect(student["judge_reward"] == 2 && student["judge"] == "exact")
        #expect(student["length_reward"] == 0.1 && student["length_tokens"] == 20)
        #expect(student["malformed_reward"] == -3 && student["required_arguments"] == true)
        let teacher = try #require(stages.first { $0.key.hasPrefix("teacher") }).value.parameters
        #expect(teacher["format_reward"] == 0.5 && teacher["judge_reward"] == 2)
    }

    @Test func aJudgingModelIsAnInputWhereItsWordCounts() throws {
        let judge = """
            stages: {judging: {kind: model.import, inputs: {source: functions}}}
            judge: {kind: model, from: judging}
            transfer: SFT+RL

            """
        let judged = try #require(try rewards(judge + "reward: {judge: 1}\n")["student.sft.rl"])
        #expect(judged.inputs.map(\.name) == ["model", "data", "judge"])
        #expect(judged.parameters["judge"] == "model" && judged.parameters["question"] != nil)
        let other = try #require(try rewards(judge)["student.sft.rl"])
        #expect(other.inputs.map(\.name) == ["model", "data"])
        #expect(other.parameters["judge"] == nil && other.parameters["question"] == nil)
    }

    @Test func aCommandIsAParameterAndItsFilesAreAnInput() throws {
        let body = """
            reward: {exec: 0.5, command: [python3, inputs/script/check.py], script: functions}
            transfer: SFT+RL

            """
        let stage = try #require(try rewards(body)["student.sft.rl"])
        #expect(stage.inputs.map(\.name) == ["model", "data", "script"])
        #expect(stage.parameters["exec_reward"] == 0.5)
        #expect(stage.parameters["command"] == ["python3", "inputs/script/check.py"])
    }

    /// Judged answers are texts, and prompts the same, unless the model reasons in its own form.
    @Test(arguments: ["", ", answer: native", ", answer: thinking"])
    func promptsAreForTheFormOfReasonings(form: String) throws {
        let graph = try plan(
            """
            teacher: {from: functions\(form)}
            student: {from: functions\(form)}
            transfer: RFT*+KD*

            """)
        for name in ["student.rft", "teacher.logits.reasoning"] {
            let stage = graph[try #require(graph.stage(named: name), "\(graph.names)")]
            let wanted: JSON? = form.contains("thinking") ? "reasoning" : nil
            #expect(stage.parameters["answer"] == wanted)
        }
    }

    @Test func termsOfAStepStandInTheNotationAndInTheLongForm() throws {
        let short = try rewards("transfer: \"SFT+RL(malformed_reward: -2, length_reward: 0.5)\"\n")["student.sft.rl"]
        let long = try rewards(
            "transfer: [{step: SFT}, {step: RL, malformed_reward: -2, length_reward: 0.5}]\n")["student.sft.rl"]
        #expect(short?.parameters["malformed_reward"] == -2)
        #expect(short?.parameters == long?.parameters)
    }
}
