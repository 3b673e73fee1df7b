// A service that is not Python: net/http with OpenTelemetry's SDK for Go, default settings. See docs/adapt.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
)

// startTelemetry reads OTEL_SERVICE_NAME and OTEL_EXPORTER_OTLP_ENDPOINT; what it returns sends the rest.
func startTelemetry(ctx context.Context) (func(context.Context) error, error) {
	spans, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, err
	}
	points, err := otlpmetrichttp.New(ctx)
	if err != nil {
		return nil, err
	}
	traces := trace.NewTracerProvider(trace.WithBatcher(spans))
	metrics := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(points)))
	otel.SetTracerProvider(traces)
	otel.SetMeterProvider(metrics)
	stop := func(ctx context.Context) error { return errors.Join(traces.Shutdown(ctx), metrics.Shutdown(ctx)) }
	return stop, nil
}

// track says where a parcel is; one without a number is an error of the service.
func track(answer http.ResponseWriter, request *http.Request) {
	number, err := strconv.Atoi(request.PathValue("number"))
	if err != nil {
		http.Error(answer, "the parcel is not in the book", http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(answer, "parcel %d is on its way\n", number)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	flush, err := startTelemetry(ctx)
	if err != nil {
		log.Fatal(err)
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /parcels/{number}", track)
	server := &http.Server{Addr: os.Args[1], Handler: otelhttp.NewHandler(routes, "parcels")}
	go func() {
		<-ctx.Done()
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	if err := flush(context.Background()); err != nil {
		log.Print(err)
	}
}
