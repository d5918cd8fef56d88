import BuildModel
import Engine
import Stages
import Testing

/// What a stage's process makes of its action's numerics.
@Suite struct NumericsTests {
    @Test func portableIsFloat32AndNativeTheFastest() throws {
        #expect(try ProductPrecision(.portable) == .float32)
        #expect(try ProductPrecision(.native(.ofThisMachine)) == .fastest)
    }

    @Test func anotherFamilyIsRefused() {
        for family in ProcessorFamily.allCases where family != .ofThisMachine {
            let failure = #expect(throws: StageFailure.self) { try ProductPrecision(.native(family)) }
            #expect(
                failure?.description.contains("numerics are native-\(family.rawValue); this machine's are portable and") == true
            )
        }
    }
}
