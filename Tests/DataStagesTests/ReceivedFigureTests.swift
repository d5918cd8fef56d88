import BuildModel
import CanonicalJSON
import Testing

@testable import Kinds
@testable import Stages

/// Figures and parameters that come from elsewhere.
@Suite struct ReceivedFigureTests {
    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300, -1e19, 1e18]) func aFigureOfAnySizeIsShown(value: Double) {
        for metric in Metric.all { #expect(!metric.format.text(value).isEmpty) }
    }

    @Test func aCurveOfAnyNumbersIsDrawn() {
        let values: [JSON] = [.real(1e308), .real(-1e308), 1, .integer(.max), .integer(.min), "x", .null, 2]
        let steps: [Int64] = [5, 1, .max, .min, 7, 7, 0, 1 << 53]
        let lines = steps.flatMap { step in values.map { JSON.object(["step": .integer(step), "loss": $0]) } }
        let curve = CurveText(lines: lines)
        #expect(!curve.drawing(width: 60).isEmpty)
        #expect(!curve.figures.isEmpty && !curve.lossLine(width: 20).isEmpty)
    }

    @Test func aParameterBeyondItsRangeIsRefusedInAnAction() throws {
        let kind = try #require(StageCatalogue.standard.kind(named: "data.generate"))
        for (name, value) in [("count", JSON.integer(.max)), ("count", 0), ("count", -1), ("seed", -1)] {
            var parameters = try DataGenerate.standard.json.object ?? [:]
            parameters[name] = value
            let action = Action(
                kind: kind.name, revision: kind.revision, parameters: .object(parameters), inputs: [], numerics: .portable)
            let failure = #expect(throws: StageFailure.self) { try StageCatalogue.standard.stage(for: action) }
            #expect(failure?.description.contains("the parameter '\(name)' must be ") == true)
        }
    }

    /// A kind's own parameters are read back, whatever they are.
    @Test func theStandardParametersOfEveryKindAreReadBack() throws {
        for kind in StageCatalogue.standard.kinds {
            func parameters<Kind: RunnableStage>(_ kind: Kind.Type) throws -> JSON { try Kind.standard.json }
            let json = try parameters(kind)
            #expect(throws: Never.self) { try kind.init(json: json) }
        }
    }
}
