import Engine
import Planner
import Words

extension TokenizerTrain: RunnableStage {
    package func run(in context: StageContext) throws {
        let functions = try context.readFunctions("data")
        let format = prompt
        let rows = try context.readRows("data", "train.jsonl")
        var texts = try rows.flatMap { try format.texts(of: $0, functions: functions) }
        if answer == .reasoning {
            texts += rows.filter { !$0.isPassage }.map { AnswerStyle.reasoning.response(to: $0, functions: functions) }
        }
        let tokenizer = try TokenizerTrainer(vocabularySize: vocabulary).train(on: texts)
        try tokenizer.write(to: context.output(""), format: format)
    }
}
