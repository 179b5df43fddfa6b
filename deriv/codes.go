package deriv

// classes follow the public lists of codes: those of the venue's documentation and
// of its own programs. Of a code that stands here under another class than
// ClassServer it is known that it is given before anything is bought or sold. What
// is not here is ClassServer: nothing is known of the outcome.
var classes = classTable(map[Class][]string{
	ClassAuth: {
		"InvalidToken", "AuthorizationRequired", "Unauthorized", "PermissionDenied", "DisabledClient", "TradingDisabled", "ClientUnwelcome",
		"PleaseAuthenticate",
		// RFC 6749, section 5.2: what the login that a token is renewed by is worth.
		"invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope", "access_denied",
	},
	ClassRate: {"RateLimit", "RateLimitExceeded"},
	ClassValidation: {
		"InputValidationFailed", "ValidationError", "ContractCreationFailure", "ContractBuyValidationError", "InvalidContractType",
		"InvalidInputAsset", "UnderlyingNotOffered", "OfferingsInvalidSymbol", "TradingDurationNotAllowed", "TicksNumberLimits", "StakeLimits",
		"StakeTooLow", "InvalidMinStake", "StakeLimitExceeded", "PayoutLimits", "PayoutLimitExceeded", "IncorrectStakeDecimals", "InvalidSymbol",
		"UnrecognisedRequest", "InvalidRequest", "InvalidInput", "OfferingsSymbolRequired",
		"DurationValidationFailed", "AmountValidationFailed", "InvalidAmount", "InvalidPrice", "InvalidStake", "InvalidtoBuy", "InvalidNonBinaryPrice",
		"IncorrectPayoutDecimals", "RoundingExceedPermittedEpsilon", "WrongAmountTypeOne", "WrongAmountTypeTwo", "NoReturn",
		"InvalidPayoutCurrency", "NotDefaultCurrency", "NoCurrencySet", "NoBusiness", "NoBusinessMultiplier",
		"BarrierNotAllowed", "BarrierNotInRange", "BarrierOutOfRange", "BarrierValidationError", "IncorrectBarrierOffsetDecimals",
		"IntegerBarrierRequired", "InvalidBarrier", "InvalidBarrierDifferentType", "InvalidBarrierDouble", "InvalidBarrierForSpot",
		"InvalidBarrierMixedBarrier", "InvalidBarrierPredefined", "InvalidBarrierRange", "InvalidBarrierSingle", "InvalidBarrierUndef",
		"InvalidHighBarrier", "InvalidHighLowBarrierRange", "InvalidLowBarrierRange", "NeedAbsoluteBarrier", "NegativeContractBarrier",
		"NonDeterminedBarriers", "SameBarriersNotAllowed", "ZeroAbsoluteBarrier", "ResetBarrierError", "ResetFixedExpiryError",
		"ContractExpiryNotAllowed", "CrossMarketIntraday", "DuplicateExpiry", "InvalidExpiry", "InvalidExpiryTime", "InvalidStartEnd",
		"InvalidTickExpiry", "SameExpiryStartTime", "SameTradingDayExpiry", "SingleTickNumberLimits", "TooManyHolidays", "TradingDayEndExpiry",
		"TradingDayExpiry", "TradingHoursExpiry",
		"DigitOutOfRange", "IntegerSelectedTickRequired", "SelectedTickNumberLimits", "MissingRequiredDigit", "MissingRequiredSelectedTick",
		"GrowthRateOutOfRange", "MultiplierOutOfRange", "MultiplierRangeDisabled", "InvalidStopOut", "InvalidPayoutPerPoint",
		"LimitOrderAmountTooHigh", "LimitOrderAmountTooLow", "LimitOrderIncorrectDecimal", "NegativeTakeProfit", "OrderUpdateNotAllowed",
		"DealCancellationBlackout", "DealCancellationNotAvailable", "EitherStopLossOrCancel", "EitherTakeProfitOrCancel", "InvalidDealCancellation",
		"MissingEither", "MissingConfig", "MissingRequiredContractConfig", "MissingRequiredContractParams", "MissingVanillaFinancialConfig",
	},
	ClassPrice: {
		"PriceMoved", "InvalidContractProposal", "InvalidStakeMoreThanPrice", "AlreadyExpired", "BetExpired", "ContractAlreadyStarted", "PastStartTime",
		"PastExpiryTime", "FutureStartTime", "TransactionTimeTooOld", "TransactionTimeTooYoung",
	},
	ClassMarket: {
		"MarketIsClosed", "TradingNotAvailable", "TradingSuspendedSpecificHours", "TradeTemporarilyUnavailable", "MissingMarketData", "OldMarketData",
		"MissingSpotMarketData", "MissingTickMarketData", "MissingVolatilityMarketData", "OutdatedVolatilityData", "MissingBasisSpot",
		"InvalidVolatility", "InvalidDatePricing", "CannotValidateContract", "SymbolMissingInBetMarketTable",
	},
	ClassLimit: {
		"InsufficientBalance", "OpenPositionLimit", "OpenPositionLimitExceeded", "OpenPositionPayoutLimit", "SpecificOpenPositionLimitExceeded",
		"DailyTurnoverLimitExceeded", "DailyProfitLimitExceeded", "ClientContractProfitLimitExceeded", "ProductSpecificTurnoverLimitExceeded",
		"CompanyWideLimitExceeded", "MaxAggregateOpenStakeExceeded", "AccountBalanceExceedsLimit", "PromoCodeLimitExceeded", "SelfExclusion",
		"CustomLimitsReached", "ClientVolumeLimitReached", "ClientUnderlyingVolumeLimitReached",
	},
	ClassPosition: {
		"ContractNotFound", "NoOpenPosition", "ContractAlreadySold", "InvalidSellContractProposal", "InvalidOfferings", "ResaleNotOffered",
		"ResaleNotOfferedHolidays", "ResalePathDependentNotAllowed", "SellAtEntryTick", "SameStartSellTime", "SellPriceLowerThanStake",
		"SellFailureDueToUpdate", "EntryTickMissing", "WaitForContractSettlement", "RefundBuyForMissingData", "CancelIsBetter",
		"CannotCancelContract", "DealCancellationExpired", "DealCancellationNotBought", "MissingContractId",
	},
	ClassStream: {"AlreadySubscribed"},
	ClassServer: {"InternalServerError", "InternalError", "GeneralError", "TradingConfigError", "Suspendedlogin", "WrongResponse", "CallError"},
})

func classTable(of map[Class][]string) map[string]Class {
	table := make(map[string]Class)
	for class, codes := range of {
		for _, code := range codes {
			table[code] = class
		}
	}
	return table
}
